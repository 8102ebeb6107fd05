"""Example submissions: which programs there are, in which language, and what is expected of them."""

from collections.abc import Callable

import pytest

from services.problem.errors import PackageInvalid
from services.problem.expectations import BY_FOLDER, Expectation
from services.problem.package import Package

Files = dict[str, str | bytes]
Read = Callable[..., Package]


def expected(package: Package) -> dict[str, Expectation]:
    return {each.program.path.removeprefix("submissions/"): each.expected for each in package.submissions}


def test_a_program_is_a_file_or_a_folder(read: Read, legacy: Files):
    """What lies directly below a folder of submissions/; hidden files and files beside the folders are none."""
    names = ["accepted/a.cpp", "accepted/b/main.cpp", "accepted/b/lib/x.h", "rejected/.git/x", "readme.txt"]
    package = read(legacy | {f"submissions/{name}": "" for name in names})
    found = {
        each.program.path: (each.program.language, [file.path for file in each.program.files])
        for each in package.submissions
    }

    assert found == {
        "submissions/accepted/a.cpp": ("cpp", ["a.cpp"]),
        "submissions/accepted/b": ("cpp", ["lib/x.h", "main.cpp"]),
        "submissions/accepted/sum.py": ("python3", ["sum.py"]),
    }


@pytest.mark.parametrize(
    ("files", "language"),
    [
        ({"a.c": ""}, "c"),
        ({"a.c": "", "b.cc": "", "c.h": ""}, "cpp"),
        ({"a.java": "", "b.txt": ""}, "java"),
        ({"a.py": "", "b.rb": ""}, ""),
        ({"a.f90": ""}, ""),
        ({"a.py": "#!/usr/bin/env python2\n"}, "python2"),
        ({"a.pl": "use strict;\n"}, "perl"),
        ({"a.pl": "main :-\n  halt.\n"}, "prolog"),
        ({"build": "", "a.cpp": ""}, "script"),
    ],
)
def test_the_language_is_that_of_the_files(read: Read, legacy: Files, files: Files, language: str):
    """By extension, and where one stands for two languages, by what the file says."""
    package = read(legacy | {f"submissions/accepted/x/{name}": content for name, content in files.items()})

    assert package.submissions[1].program.language == language


def test_a_comment_of_domjudge_overrides_the_folder(read: Read, legacy: Files):
    """In the formats that DOMjudge reads; words that it does not know are left out."""
    package = read(
        legacy
        | {
            "submissions/mixed/a.py": "# @EXPECTED_RESULTS@: TIMELIMIT, WRONG-ANSWER\n",
            "submissions/accepted/b.c": "/* @EXPECTED_RESULTS@: RUN-ERROR */",
            "submissions/wrong_answer/c.py": "# @EXPECTED_RESULTS@: CHECK-MANUALLY",
        }
    )

    assert expected(package)["mixed/a.py"].verdicts == ("TIME_LIMIT_EXCEEDED", "WRONG_ANSWER")
    assert expected(package)["accepted/b.c"].verdicts == BY_FOLDER["run_time_error"]
    assert expected(package)["wrong_answer/c.py"].verdicts == ("WRONG_ANSWER",)


def test_an_accepted_legacy_submission_gets_every_point(read: Read, legacy: Files):
    """Of a range with an end."""
    yaml = {"problem.yaml": "name: a\ntype: scoring", "data/testdata.yaml": "range: 0 100"}

    assert expected(read(legacy | yaml))["accepted/sum.py"] == Expectation(("ACCEPTED",), min_score=100)


@pytest.mark.parametrize(
    ("yaml", "expectation"),
    [
        ("{}", Expectation(("WRONG_ANSWER",))),
        ("wrong_answer: {permitted: [AC, WA, TLE]}", Expectation(("WRONG_ANSWER", "TIME_LIMIT_EXCEEDED"))),
        ("'wrong_answer/*': {permitted: [WA, TLE]}", Expectation(("WRONG_ANSWER",))),
        ("'{wrong_answer,other}/a.{py,cpp}': {score: 40}", Expectation(("WRONG_ANSWER",), 40, 40)),
        ("wrong_answer/a.py: {score: [10, 20]}", Expectation(("WRONG_ANSWER",), 10, 20)),
        ("wrong_answer/a.py: {secret: {score: 30}}", Expectation(("WRONG_ANSWER",), 30, 30)),
        ("'*/b*': {permitted: [AC]}", Expectation(("WRONG_ANSWER",))),
        ("'*answer': {required: [WA]}", Expectation(("WRONG_ANSWER",))),
        ("'wrong*py': {score: 1}", Expectation(("WRONG_ANSWER",))),
    ],
)
def test_submissions_yaml_narrows_what_is_expected(read: Read, current: Files, yaml: str, expectation: Expectation):
    """A pattern is of the path or of a folder above it, and adds to the others; a folder's own name replaces."""
    files = {"submissions/wrong_answer/a.py": "", "submissions/submissions.yaml": yaml}

    assert expected(read(current | files))["wrong_answer/a.py"] == expectation


def test_folders_and_parts_that_submissions_yaml_tells_of(read: Read, current: Files):
    """A folder that the format does not know may be anything; a part that must fail makes the whole fail."""
    files = {
        "submissions/partial/a.py": "",
        "submissions/partial/b.py": "",
        "submissions/submissions.yaml": "partial/b.py: {language: pypy3, secret/1: {required: [TLE]}}",
    }
    package = read(current | files)

    assert expected(package)["partial/a.py"] == Expectation()
    assert "ACCEPTED" not in expected(package)["partial/b.py"].verdicts
    assert package.submissions[-1].program.language == "pypy3"


def test_contradictions_of_submissions_yaml_are_told(read: Read, current: Files):
    """No verdict would be right."""
    with pytest.raises(PackageInvalid) as caught:
        read(current | {"submissions/submissions.yaml": "'accepted/*': {permitted: [TLE]}"})

    assert "accepted/sum.py" in caught.value.violations[0].description


def test_a_wrong_submissions_yaml_is_told(read: Read, current: Files):
    """By the pattern and the key."""
    yaml = "a: [x]\nb: {permitted: [OK]}\nc: {secret: {score: [1]}}"
    with pytest.raises(PackageInvalid) as caught:
        read(current | {"submissions/submissions.yaml": yaml})

    fields = [violation.field for violation in caught.value.violations]
    assert fields[:2] == ["submissions/submissions.yaml: a", "submissions/submissions.yaml: b: permitted.0"]
    assert fields[2].startswith("submissions/submissions.yaml: c.secret: score")


def test_input_validators_of_both_formats(read: Read, legacy: Files):
    """Programs, and grammars of Checktestdata and VIVA."""
    names = ["input_validators/a.ctd", "input_validators/b/b.cpp", "input_format_validators/c.viva"]
    package = read(legacy | dict.fromkeys(names, ""))

    assert [(each.path, each.language) for each in package.input_validators] == [
        ("input_validators/a.ctd", "checktestdata"),
        ("input_validators/b", "cpp"),
        ("input_format_validators/c.viva", "viva"),
    ]
