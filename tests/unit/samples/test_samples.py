"""The sample problems are sound packages of the format 2025-09: https://www.kattis.com/problem-package-format/spec/2025-09."""

import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

SAMPLES = Path(__file__).resolve().parents[3] / "services" / "cli" / "samples"
PACKAGES = sorted(path for path in SAMPLES.iterdir() if path.is_dir())
VALID, INVALID = 42, 43
LANGUAGES = {".c", ".cpp", ".java", ".py"}
TAKEN_NAMES = {"hello", "different", "guess", "oddecho"}

every_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)


def metadata(package: Path) -> dict[str, Any]:
    return yaml.safe_load((package / "problem.yaml").read_text())


def inputs_of(package: Path, kind: str) -> list[Path]:
    return sorted((package / "data" / kind).rglob("*.in"))


def group_of(test: Path) -> dict[str, Any]:
    group = test.parent / "test_group.yaml"
    return yaml.safe_load(group.read_text()) if group.exists() else {}


def input_status(package: Path, test: Path) -> int:
    command = [sys.executable, package / "input_validators" / "validate.py"]
    command += group_of(test).get("input_validator_args", [])
    with test.open() as text:
        return subprocess.run(command, stdin=text, check=False, timeout=60).returncode


def accepts(package: Path, test: Path, output: str, feedback: Path) -> bool:
    """Judges as the package says: by its own validator, else token by token, with a tolerance where one is set."""
    validator = package / "output_validator" / "validate.py"
    if validator.exists():
        command = [sys.executable, validator, test, test.with_suffix(".ans"), f"{feedback}/"]
        return subprocess.run(command, input=output, text=True, check=False, timeout=60).returncode == VALID
    expected = test.with_suffix(".ans").read_text()
    if flags := group_of(test).get("output_validator_args"):
        tolerance = float(flags[1])
        numbers = [float(word) for word in expected.split()]
        return [float(word) for word in output.split()] == pytest.approx(numbers, rel=tolerance, abs=tolerance)
    return output.split() == expected.split()


def run(solution: Path, given: str) -> str:
    done = subprocess.run(
        [sys.executable, solution], input=given, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def solves(package: Path, solution: Path, test: Path, feedback: Path) -> bool:
    """Whether a solution that ends in order passes a test, in as many passes as the output validator wants."""
    if metadata(package)["type"] == "interactive":
        return talks(package, solution, test, feedback)
    given, following = test, feedback / "nextpass.in"
    while accepts(package, given, run(solution, given.read_text()), feedback):
        if not following.exists():
            return True
        given = following.rename(feedback / test.name)
        given.with_suffix(".ans").write_bytes(test.with_suffix(".ans").read_bytes())
    return False


def talks(package: Path, solution: Path, test: Path, feedback: Path) -> bool:
    """Whether the output validator accepts what a solution says to it."""
    validator = [sys.executable, package / "output_validator" / "validate.py", test, test.with_suffix(".ans")]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen([sys.executable, solution], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as talking,
        subprocess.Popen([*validator, f"{feedback}/"], stdin=talking.stdout, stdout=talking.stdin) as judging,
    ):
        assert talking.stdin
        assert talking.stdout
        # Each side sees the other's end only if nobody else holds the pipes.
        talking.stdin.close()
        talking.stdout.close()
        return judging.wait(timeout=60) == VALID


def contents(folder: Path) -> dict[str, bytes]:
    """The tests below a folder."""
    files = (path for path in folder.rglob("*") if path.suffix in (".in", ".ans"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def sections(package: Path) -> list[str]:
    return re.findall(r"^## (.+)$", (package / "statement" / "problem.en.md").read_text(), re.MULTILINE)


def test_there_are_ten_problems_of_our_own() -> None:
    """Ten problems are there, none under a name that well-known example packages use."""
    names = {package.name for package in PACKAGES}

    assert len(names) == 10
    assert not names & TAKEN_NAMES


def test_the_samples_stay_small() -> None:
    """All packages together stay below 4 MiB."""
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)

    assert size < 4 * 2**20


def test_the_uuids_differ() -> None:
    """Each problem has a UUID of its own."""
    uuids = {uuid.UUID(metadata(package)["uuid"]) for package in PACKAGES}

    assert len(uuids) == len(PACKAGES)


def test_one_problem_has_scores() -> None:
    """At least one problem has groups of tests with points, 100 together."""
    scoring = [package for package in PACKAGES if metadata(package).get("type") == "scoring"]
    groups = [sorted((package / "data" / "secret").glob("*/test_group.yaml")) for package in scoring]

    assert scoring
    assert [sum(yaml.safe_load(file.read_text())["max_score"] for file in files) for files in groups] == [100]


def test_one_problem_is_solved_in_every_language() -> None:
    """At least one problem has an accepted solution in each of C, C++, Java and Python."""
    solved_in_all = [
        package
        for package in PACKAGES
        if {solution.suffix for solution in (package / "submissions" / "accepted").iterdir()} >= LANGUAGES
    ]

    assert solved_in_all


@every_package
def test_metadata_is_complete(package: Path) -> None:
    """The format, the licence, the credits and the limits are stated."""
    stated = metadata(package)

    assert stated["problem_format_version"] == "2025-09"
    assert stated["name"]
    assert stated["license"] == "cc by"
    assert stated["credits"] == {"authors": "The judgemesh authors"}
    assert stated["limits"]["time_limit"] > 0
    assert stated["limits"]["memory"] > 0


@every_package
def test_names_suit_the_format(package: Path) -> None:
    """A package is named by lowercase letters and digits, and its files by what the format allows."""
    paths = [path for path in package.rglob("*") if "__pycache__" not in path.parts]
    strange = [path for path in paths if not re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,254}", path.name)]

    assert re.fullmatch(r"[a-z0-9]+", package.name)
    assert strange == []


@every_package
def test_statement_has_its_sections(package: Path) -> None:
    """The statement says what comes in, what must go out, and why the samples' answers are right."""
    beginning = ["Interaction"] if metadata(package)["type"] == "interactive" else ["Input", "Output"]

    assert sections(package) == [*beginning, "Explanation of the samples", "Note"]


@every_package
def test_files_end_their_lines(package: Path) -> None:
    """Text files have Unix line ends, the last line too, and no byte-order mark."""
    texts = {path: path.read_bytes() for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    inputs = {
        path: text for path, text in texts.items() if "invalid_" not in path.parent.name and path.suffix != ".out"
    }
    unended = [path.name for path, text in inputs.items() if not text.endswith(b"\n")]
    foreign = [path.name for path, text in texts.items() if b"\r" in text or text.startswith(b"\xef\xbb\xbf")]

    assert unended == []
    assert foreign == []


@every_package
def test_every_input_has_its_answer(package: Path) -> None:
    """There are 1 to 3 samples and 8 to 20 secret tests, and each input has exactly one answer."""
    samples, secret = inputs_of(package, "sample"), inputs_of(package, "secret")
    answers = {
        path.with_suffix(".in") for kind in ("sample", "secret") for path in (package / "data" / kind).rglob("*.ans")
    }

    assert 1 <= len(samples) <= 3
    assert 8 <= len(secret) <= 20
    assert answers == {*samples, *secret}


@every_package
def test_no_test_is_there_twice(package: Path) -> None:
    """All tests of a problem differ."""
    inputs = [test.read_bytes() for test in inputs_of(package, "sample") + inputs_of(package, "secret")]

    assert len(set(inputs)) == len(inputs)


@every_package
def test_input_validator_accepts_every_test(package: Path) -> None:
    """The input validator finds every sample and secret test valid."""
    tests = inputs_of(package, "sample") + inputs_of(package, "secret")
    rejected = [test.name for test in tests if input_status(package, test) != VALID]

    assert rejected == []


@every_package
def test_input_validator_rejects_broken_input(package: Path) -> None:
    """The input validator finds every input that is kept as a bad example invalid."""
    broken = inputs_of(package, "invalid_input")
    accepted = [test.name for test in broken if input_status(package, test) != INVALID]

    assert broken
    assert accepted == []


@every_package
def test_generator_makes_the_secret_tests(package: Path, tmp_path: Path) -> None:
    """The generator and the accepted Python solution make exactly the secret tests that are kept."""
    subprocess.run([sys.executable, package / "generators" / "generate.py", tmp_path], check=True, timeout=120)
    made, kept = contents(tmp_path), contents(package / "data" / "secret")

    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


@every_package
def test_there_are_solutions_of_each_kind(package: Path) -> None:
    """C++ and Python solve every problem, and wrong and slow solutions are there to be refused."""
    solutions = package / "submissions"

    assert {path.suffix for path in (solutions / "accepted").iterdir()} >= {".cpp", ".py"}
    assert list((solutions / "wrong_answer").iterdir())
    assert list((solutions / "time_limit_exceeded").iterdir())


@every_package
def test_accepted_python_solves_the_samples(package: Path, tmp_path: Path) -> None:
    """The accepted Python solution gives the samples' answers."""
    [solution] = (package / "submissions" / "accepted").glob("*.py")
    failed = [test.name for test in inputs_of(package, "sample") if not solves(package, solution, test, tmp_path)]

    assert failed == []


@every_package
def test_wrong_python_fails(package: Path, tmp_path: Path) -> None:
    """Each wrong Python solution ends in order and fails at least one test."""
    tests = inputs_of(package, "sample") + inputs_of(package, "secret")
    passed = [
        solution.name
        for solution in (package / "submissions" / "wrong_answer").glob("*.py")
        if all(solves(package, solution, test, tmp_path) for test in tests)
    ]

    assert passed == []


@every_package
def test_output_validator_arguments(package: Path) -> None:
    """Where a tolerance is set, samples and secret tests are judged by the same one."""
    groups = [package / "data" / kind / "test_group.yaml" for kind in ("sample", "secret")]
    settings = [yaml.safe_load(group.read_text()) if group.exists() else {} for group in groups]

    assert settings[0] == settings[1]
    assert settings[0] in ({}, {"output_validator_args": ["float_tolerance", "1e-6"]})
