"""Packages of both formats, and what is said of wrong ones."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.problem.errors import PackageInvalid, PackageNoTests, PackageTooLarge, PackageTypeUnsupported
from services.problem.package import Package

Files = dict[str, str | bytes]
Read = Callable[..., Package]
EVERYTHING = "[scoring, multi-pass, interactive]"


def violations(read: Read, files: Files) -> dict[str, str]:
    with pytest.raises(PackageInvalid) as caught:
        read(files)
    return {violation.field: violation.description for violation in caught.value.violations}


def test_a_legacy_package_is_read(read: Read, legacy: Files):
    """Everything that the record has comes from the package's files."""
    package = read(legacy)

    assert (package.id, package.format, package.title, package.authors) == (
        "sumoftwo",
        "legacy",
        "Sum of Two",
        ("Ada", "Bob"),
    )
    assert (package.limits.time, package.limits.memory_bytes) == (timedelta(seconds=1.5), 256 * 1024 * 1024)
    assert [test.name for test in package.tests] == ["sample/1", "secret/a", "secret/b"]
    assert [(sample.input, sample.answer) for sample in package.samples] == [("1 2\n", "3\n")]
    assert [(each.program.path, each.program.language, each.expected.verdicts) for each in package.submissions] == [
        ("submissions/accepted/sum.py", "python3", ("ACCEPTED",))
    ]
    assert (package.kinds, package.passes, package.groups) == ({"pass-fail"}, 1, None)


def test_a_package_of_2025_09_is_read(read: Read, current: Files):
    """Names by language, statements by language, English first."""
    package = read(current)

    assert package.titles == {"en": "Sum", "sv": "Summa"}
    assert [(statement.language, statement.title) for statement in package.statements] == [
        ("en", "Sum"),
        ("sv", "Summa"),
    ]
    assert package.warnings == ()


def test_a_package_without_a_folder_is_named_by_its_title(read: Read, legacy: Files):
    """The identifier is made of the title's letters and digits."""
    files = legacy | {"problem_statement/problem.en.tex": "\\problemname{Größe \\& Maß!}"}

    assert read(files, "").id == "grosse-mass"


def test_all_that_is_wrong_in_problem_yaml_is_told_at_once(read: Read, current: Files):
    """Each wrong key has its own violation, with its path."""
    found = violations(
        read,
        current
        | {
            "problem.yaml": (
                "problem_format_version: 2025-09\nname:\n  english: x\nlicense: beer\ncolour: red\n"
                "limits:\n  memory: lots\n  time_limit: 0\n"
            )
        },
    )

    assert found.keys() >= {
        "problem.yaml: name.english",
        "problem.yaml: license",
        "problem.yaml: limits.memory",
        "problem.yaml: limits.time_limit",
    }


def test_unknown_keys_are_errors_since_2025_09_only(read: Read, current: Files, legacy: Files):
    """Older packages carry keys of other systems: a warning."""
    yaml = "\nlimits:\n  typo: 1\nuuid: 1-2\n"
    found = violations(
        read, current | {"problem.yaml": f"problem_format_version: 2025-09\nname: {{en: a, sv: b}}{yaml}"}
    )
    package = read(legacy | {"problem.yaml": f"name: a{yaml}"})

    assert list(found) == ["problem.yaml: limits.typo"]
    assert "problem.yaml: limits.typo: is not a key of this format" in package.warnings


def test_a_name_that_yaml_takes_for_a_number_needs_quotes(read: Read, legacy: Files):
    """The description says what to do about YAML's types."""
    found = violations(read, legacy | {"problem.yaml": "name: 2048\n"})

    assert "quotes" in found["problem.yaml: name"]


@pytest.mark.parametrize(
    "yaml",
    [
        "name: [",
        "- a",
        "a: &a [x]\nb: *a",
        "name: a\nname: b",
        "[" * 5000,
        "problem_format_version: 1999-01",
        "\x01",
        "name: 0x" + "f" * 9000,
    ],
)
def test_broken_yaml_is_an_error_of_the_file(read: Read, legacy: Files, yaml: str):
    """Syntax errors, references, doubled keys, bottomless nesting and unknown versions name problem.yaml."""
    found = violations(read, legacy | {"problem.yaml": yaml})

    assert next(iter(found)).startswith("problem.yaml")


def test_text_that_is_not_utf8_is_an_error_of_the_file(read: Read, legacy: Files):
    """The file is named, and the encoding to use."""
    found = violations(read, legacy | {"problem_statement/problem.en.tex": b"Gr\xfc\xdfe"})

    assert list(found) == ["problem_statement/problem.en.tex"]


@pytest.mark.parametrize(
    ("yaml", "kinds", "passes"),
    [
        ("name: a\nvalidation: custom interactive", {"pass-fail", "interactive"}, 1),
        ("name: a\ntype: scoring\nvalidation: custom multi-pass score", {"scoring", "multi-pass"}, 2),
        ("problem_format_version: 2025-09\nname: a\nuuid: a\ntype: interactive", {"pass-fail", "interactive"}, 1),
        (
            f"problem_format_version: 2025-09\nname: a\nuuid: a\nlimits: {{validation_passes: 5}}\ntype: {EVERYTHING}",
            {"scoring", "multi-pass", "interactive"},
            5,
        ),
    ],
)
def test_types_combine(read: Read, legacy: Files, yaml: str, kinds: set[str], passes: int):
    """A problem is pass-fail or scoring, and may be interactive and multi-pass besides."""
    validators = {"output_validators/check.py": "", "output_validator/check.py": ""}
    package = read(legacy | validators | {"problem.yaml": yaml})

    assert (package.kinds, package.passes) == (kinds, passes)


def test_types_that_exclude_each_other_are_an_error(read: Read, current: Files):
    """A problem with scores is not pass-fail."""
    yaml = "problem_format_version: 2025-09\nname: {en: a, sv: b}\nuuid: a\ntype: [pass-fail, scoring]"

    assert list(violations(read, current | {"problem.yaml": yaml})) == ["problem.yaml: type"]


@pytest.mark.parametrize("kind", ["interactive", "multi-pass"])
def test_a_conversation_needs_a_validator(read: Read, current: Files, kind: str):
    """The default validator cannot talk to a program."""
    yaml = f"problem_format_version: 2025-09\nname: {{en: a, sv: b}}\nuuid: a\ntype: {kind}"

    assert list(violations(read, current | {"problem.yaml": yaml})) == ["output_validator/"]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"problem.yaml": "problem_format_version: 2025-09\nname: a\nuuid: a\ntype: submit-answer"}, "submit-answer"),
        ({"static_validator/check.py": "x"}, "static validator"),
        ({"problem.yaml": "name: a\ntype: scoring\ngrading: {objective: min}"}, "least is the best"),
        ({"data/secret/testdata.yaml": "grading: custom"}, "custom grader"),
    ],
)
def test_what_the_judge_cannot_do_is_refused_by_name(read: Read, legacy: Files, files: Files, kind: str):
    """Better no problem than one that is judged wrongly; the error says what it is that is missing."""
    with pytest.raises(PackageTypeUnsupported) as caught:
        read(legacy | files)

    assert kind in caught.value.metadata["type"]


def test_arguments_files_and_flags_of_tests(read: Read, current: Files):
    """A test has those of its own file, else those of the nearest group around it; files are in a folder beside it."""
    package = read(
        current
        | {
            "data/secret/test_group.yaml": "args: [-n, ' 5']\ninput_validator_args: [small]",
            "data/secret/2.in": "",
            "data/secret/2.ans": "",
            "data/secret/2.files/maps/a.txt": "x",
            "data/secret/2.yaml": "args: []\ninput_validator_args: {check: [large, 1]}",
        }
    )
    first, second = (test.options for test in package.tests if not test.sample)

    assert (first.arguments, first.input_validator_flags) == (("-n", " 5"), ("small", "-n", " 5"))
    assert (second.arguments, second.input_validator_flags) == ((), ())
    assert second.input_validator_flags_by_name == {"check": ("large", "1")}
    assert [file.path for file in package.tests[-1].files] == ["maps/a.txt"]


def test_files_of_no_test_are_an_error(read: Read, current: Files):
    """A folder of files that no test uses is a mistake in a name."""
    assert list(violations(read, current | {"data/secret/9.files/a": ""})) == ["data/secret/9.files/"]


def test_unknown_keys_of_groups_and_tests_are_errors_since_2025_09(read: Read, current: Files, legacy: Files):
    """As in problem.yaml: a warning in older packages."""
    found = violations(read, current | {"data/secret/1.yaml": "arguments: [a]", "data/secret/test_group.yaml": "a: b"})
    package = read(legacy | {"data/testdata.yaml": "on_reject: break\ncolour: red"})

    assert found.keys() == {"data/secret/1.yaml: arguments", "data/secret/test_group.yaml: a"}
    assert "data/testdata.yaml: colour: is not a key of this format" in package.warnings


def test_conversations_are_samples(read: Read, legacy: Files):
    """Input and answer of a legacy interactive problem are the judge's secret; conversations need no test."""
    package = read(
        legacy
        | {
            "problem.yaml": "name: a\nvalidation: custom interactive",
            "output_validators/check.py": "",
            "data/sample/2.interaction": "<5\n>6\n",
        }
    )

    assert [(sample.name, sample.interaction) for sample in package.samples] == [("sample/2", "<5\n>6\n")]
    assert "&lt;5\n&gt;6" in package.statements[0].html


def test_a_package_without_secret_tests_is_refused(read: Read, legacy: Files):
    """Samples alone judge nothing."""
    files = {name: content for name, content in legacy.items() if not name.startswith("data/secret")}

    with pytest.raises(PackageNoTests):
        read(files)


def test_tests_that_are_half_there_are_told(read: Read, legacy: Files):
    """An input without an answer and an answer without an input are named."""
    found = violations(read, legacy | {"data/secret/c.in": "", "data/secret/d.ans": ""})

    assert list(found) == ["data/secret/d.ans", "data/secret/c.in"]


def test_groups_are_flattened_in_order(read: Read, legacy: Files):
    """Nested groups and tests come by name, whatever their depth; hidden files are no tests."""
    names = ["data/secret/g1/2", "data/secret/g1/10", "data/secret/.git/x", "data/secret/g0/deep/1"]
    package = read(legacy | {f"{name}{suffix}": "" for name in names for suffix in (".in", ".ans")})

    assert [test.name for test in package.tests if not test.sample] == [
        "secret/a",
        "secret/b",
        "secret/g0/deep/1",
        "secret/g1/10",
        "secret/g1/2",
    ]


def test_validator_flags_come_from_the_nearest_group(read: Read, legacy: Files, current: Files):
    """Legacy flags are text in testdata.yaml; since 2025-09 they are lists, and a test may have its own."""
    old = read(
        legacy
        | {
            "problem.yaml": "name: a\nvalidator_flags: float_tolerance 1e-6",
            "data/testdata.yaml": "output_validator_flags: case_sensitive",
            "data/secret/testdata.yaml": "output_validator_flags: space_change_sensitive",
        }
    )
    new = read(
        current
        | {
            "data/secret/test_group.yaml": "output_validator_args: [float_tolerance, '1e-9']",
            "data/secret/2.in": "",
            "data/secret/2.ans": "",
            "data/secret/2.yaml": "output_validator_args: [case_sensitive]",
        }
    )

    assert old.validator.flags == ("float_tolerance", "1e-6")
    assert [test.options.validator_flags for test in old.tests] == [
        ("case_sensitive",),
        *2 * [("space_change_sensitive",)],
    ]
    assert [test.options.validator_flags for test in new.tests] == [
        (),
        ("float_tolerance", "1e-9"),
        ("case_sensitive",),
    ]


@pytest.mark.parametrize("folder", ["output_validators/", "output_validators/check/"])
def test_a_custom_validator_is_a_file_or_a_folder(read: Read, legacy: Files, folder: str):
    """Its files are named from the program's own folder."""
    package = read(legacy | {"problem.yaml": "name: a\nvalidation: custom", f"{folder}check.py": "x"})

    assert [(file.path, file.name) for file in package.validator.files] == [("check.py", f"{folder}check.py")]


def test_a_custom_validator_must_be_there_and_be_one(read: Read, legacy: Files):
    """None is an error of problem.yaml; several are not supported."""
    custom = legacy | {"problem.yaml": "name: a\nvalidation: custom"}

    assert list(violations(read, custom)) == ["problem.yaml: validation"]
    with pytest.raises(PackageTypeUnsupported):
        read(custom | {"output_validators/a.py": "", "output_validators/b/b.py": ""})


@pytest.mark.parametrize(
    ("files", "seconds"),
    [
        ({"problem.yaml": "name: a"}, 5),
        ({"problem.yaml": "name: a\nlimits: {time_multiplier: 2.5}"}, 3),
        ({"problem.yaml": "name: a", "domjudge-problem.ini": "timelimit='4.5'\ncolor=red"}, 4.5),
        ({"problem.yaml": "name: a", "domjudge-problem.ini": "[problem]\ntimelimit = 7"}, 7),
        ({"problem.yaml": "name: a", "domjudge-problem.ini": "timelimit=7", ".timelimit": "2\n"}, 2),
        ({".timelimit": "2\n"}, 1.5),
        ({"problem.yaml": "name: a", "submissions/slow_accepted/a.py": ""}, 5),
    ],
)
def test_the_time_limit_is_the_packages_else_assumed(read: Read, legacy: Files, files: Files, seconds: float):
    """problem.yaml, then .timelimit, then DOMjudge's file; else the format's factor on one second."""
    assert read(legacy | files).limits.time == timedelta(seconds=seconds)


def test_slow_correct_programs_widen_their_own_languages_limit(read: Read, legacy: Files):
    """Where the package states no time limit, a slow_accepted Python program gives Python one of its own."""
    slow = {"submissions/slow_accepted/a.py": ""}
    assumed = read(legacy | {"problem.yaml": "name: a"} | slow).limits
    stated = read(legacy | slow).limits

    assert assumed.time_by_language == {"python3": timedelta(seconds=300)}
    assert stated.time_by_language == {}


def test_an_assumed_time_limit_is_a_warning(read: Read, legacy: Files):
    """The importer learns which limit was chosen for them."""
    assert read(legacy | {"problem.yaml": "name: a"}).warnings == (
        "problem.yaml: has no limits.time_limit; 5 s are assumed",
    )


def test_a_wrong_timelimit_file_is_an_error(read: Read, legacy: Files):
    """A limit that is no positive number is not guessed."""
    assert list(violations(read, legacy | {"problem.yaml": "name: a", ".timelimit": "soon"})) == [".timelimit"]


def test_credits_sources_and_keywords_of_2025_09(read: Read, current: Files):
    """People lose their addresses; several sources are one text; the authors own the rights."""
    yaml = current["problem.yaml"]
    assert isinstance(yaml, str)
    package = read(
        current
        | {
            "problem.yaml": f"{yaml}credits:\n  authors: [Ada <ada@example.org>, {{name: Bob, email: b@example.org}}]\n"
            "source: [{name: NWERC 2024, url: 'https://a.example'}, SWERC]\nkeywords: [math, easy]\nlanguages: [cpp]\n"
        }
    )

    assert (package.authors, package.source, package.rights_owner) == (("Ada", "Bob"), "NWERC 2024, SWERC", "Ada, Bob")
    assert (package.keywords, package.languages) == (("math", "easy"), ("cpp",))


def test_a_large_sample_is_shown_in_part(read: Read, legacy: Files):
    """A sample of megabytes does not reach the answer of a listing, and is a warning."""
    package = read(legacy | {"data/sample/1.in": "x" * 1_000_000})

    assert len(package.samples[0].input) == 16 * 1024
    assert any(warning.startswith("data/sample/1.in") for warning in package.warnings)


def test_more_samples_than_anybody_reads_are_an_error(read: Read, legacy: Files):
    """All samples are answered in one message, so their number is bounded."""
    many = {f"data/sample/{number}{suffix}": "" for number in range(60) for suffix in (".in", ".ans")}

    assert list(violations(read, legacy | many)) == ["data/sample/"]


def test_configuration_without_end_is_refused(read: Read, current: Files):
    """Thousands of large YAML files beside the tests would take minutes to read."""
    files = {f"data/secret/{number}{suffix}": "" for number in range(20) for suffix in (".in", ".ans")}
    yaml = {f"data/secret/{number}.yaml": "hint: a\n#" + "x" * 60_000 for number in range(20)}

    with pytest.raises(PackageTooLarge):
        read(current | files | yaml)
