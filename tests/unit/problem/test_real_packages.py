"""The Kattis problemtools' own packages and hostile statements."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.problem.archive import open_archive
from services.problem.bundle import write_bundle
from services.problem.package import Package, read_package

ZipFolder = Callable[..., Path]
SECRET = {"data/secret/1.in": "", "data/secret/1.ans": ""}


def package_of(path: Path) -> Package:
    with open_archive(path) as archive:
        return read_package(archive)


def test_hello(real_data: Path, zip_folder: ZipFolder, tmp_path: Path):
    """A legacy package with two languages, no samples, and a memory limit of its own."""
    with open_archive(zip_folder(real_data / "examples/hello")) as archive:
        package = read_package(archive)
        digest = write_bundle(package, archive, tmp_path / "bundle", problem="problems/hello")

    assert (package.id, package.titles) == ("hello", {"en": "Hello World!", "sv": "Hej Världen!"})
    assert package.limits.memory_bytes == 512 * 1024 * 1024
    # hello_alarm.c spins for one second and is labelled accepted.
    assert package.limits.time > timedelta(seconds=2)
    assert [test.name for test in package.tests] == ["secret/hello"]
    assert len(digest) == 64


def test_different(real_data: Path, zip_folder: ZipFolder, tmp_path: Path):
    """A legacy package with a custom validator in C++ that has a header."""
    package = package_of(zip_folder(real_data / "examples/different"))

    assert [test.name for test in package.tests] == ["sample/1", "secret/01", "secret/02_extreme_cases"]
    assert [file.path for file in package.validator.files] == ["validate.cc", "validate.h"]
    assert "71293781758123 72784" in package.statements[0].html
    assert "<msup><mn>10</mn>" in package.statements[0].html


@pytest.mark.parametrize("problem", ["hello", "different", "guess", "oddecho"])
def test_labels_of_submissions(real_data: Path, zip_folder: ZipFolder, problem: str):
    """Every labelled submission is found, and its label is a verdict that is expected."""
    package = package_of(zip_folder(real_data / "examples" / problem))
    verdicts = {"WA": "WRONG_ANSWER", "TLE": "TIME_LIMIT_EXCEEDED", "RTE": "RUNTIME_ERROR"}
    lines = (real_data / "labelled_submissions.jsonl").read_text().splitlines()
    labels = {
        label["path"].split("/submissions/")[1]: verdicts.get(label["expected"][0], "ACCEPTED")
        for label in map(json.loads, lines)
        if f"examples/{problem}/" in label["path"]
    }

    found = {each.program.path.removeprefix("submissions/"): each for each in package.submissions}
    assert {path: each.expected.verdicts[0] for path, each in found.items()} == labels


def test_guess(real_data: Path, zip_folder: ZipFolder):
    """An interactive problem: samples are conversations."""
    package = package_of(zip_folder(real_data / "examples/guess"))

    assert package.kinds == {"pass-fail", "interactive"}
    assert package.samples[0].interaction.startswith(("<", ">"))
    assert [file.path for file in package.validator.files] == ["validate.cc", "validate.h"]


def test_oddecho(real_data: Path, zip_folder: ZipFolder):
    """A scoring problem of a draft that still has testdata.yaml: two groups of 50 points, the samples without any."""
    package = package_of(zip_folder(real_data / "examples/oddecho"))
    root = package.groups

    assert root is not None
    assert [(group.name, group.max_score) for group in root.groups()] == [
        ("", 100),
        ("sample", 0),
        ("secret", 100),
        ("secret/subtask1", 50),
        ("secret/subtask2", 50),
    ]
    assert {test.options.input_validator_flags for test in package.tests} == {("nFive=0",), ("nFive=1",)}
    assert root.ignore_sample


@pytest.mark.parametrize("problem", ["guess", "oddecho"])
def test_their_statements(real_data: Path, zip_folder: ZipFolder, problem: str):
    """Nothing in them is unknown."""
    package = package_of(zip_folder(real_data / "examples" / problem))

    assert [statement.language for statement in package.statements] == ["en", "sv"]
    assert not any("not known" in warning or "left out" in warning for warning in package.warnings)
    assert ("data:image/jpeg" in package.statements[1].html) == (problem == "oddecho")


@pytest.mark.parametrize(
    "name", ["statementxss", "problemnamexss", "samplexss", "imgrequest", "imgrequest2", "specialcharacterssample"]
)
def test_hostile_statements(real_data: Path, zip_folder: ZipFolder, name: str):
    """No script, no event handler, no javascript: address, no image of elsewhere."""
    html = package_of(zip_folder(real_data / "tests/problems" / name, SECRET)).statements[0].html

    assert not any(text in html for text in ("<script", "<svg", "<iframe", "<input", "javascript:", " src=", "style="))
    assert not any(text in html for text in ('onclick="', "<svg onload"))


def test_special_characters(real_data: Path, zip_folder: ZipFolder):
    """All printable characters of a sample are shown as they are."""
    html = package_of(zip_folder(real_data / "tests/problems/specialcharacterssample", SECRET)).statements[0].html

    assert r"""!"#$%&amp;'()*+,-./:;&lt;=&gt;?@[\]^_`{|}~""" in html


@pytest.mark.parametrize(("name", "notes"), [("footnote", 1), ("twofootnotes", 2)])
def test_footnotes(real_data: Path, zip_folder: ZipFolder, name: str, notes: int):
    """Footnotes and the way back keep their ids."""
    html = package_of(zip_folder(real_data / "tests/problems" / name, SECRET)).statements[0].html

    assert (html.count('id="fn'), html.count('href="#fnref')) == (2 * notes, notes)
