"""What the documents say is there, is there."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from judgemesh.problem.v1.error_reason_pb2 import ErrorReason
from judgemesh_operator.control_plane.settings import ControlPlaneSettings
from judgemesh_operator.reconciler.settings import ReconcilerSettings
from services.cli.__main__ import app
from services.problem.archive import open_archive
from services.problem.package import read_package
from tests.unit.docs import settings_table
from tests.unit.docs.documents import ROOT, Document, document, documents

DOCUMENTS = [pytest.param(each, id=str(each)) for each in documents()]
GUIDE = [pytest.param(each, id=str(each)) for each in documents() if "/samples/" not in str(each)]
OPERATOR_SETTINGS = (ControlPlaneSettings, ReconcilerSettings)
OPERATIONS, PROBLEMS = "docs/guide/operations.md", "docs/guide/problems.md"
SOURCES = ("services", "operator", "tests", "proto/judgemesh", "manifests", ".ci", "Makefile")
SUFFIXES = {".py", ".proto", ".yaml", ".yml", ".toml", ""}


def code() -> str:
    """All text of the repository that is not documentation."""
    paths = (path for name in SOURCES for path in (ROOT / name, *(ROOT / name).rglob("*")))
    wanted = (path for path in paths if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__))
    return "\n".join(path.read_text(errors="ignore") for path in wanted)


@pytest.mark.parametrize("page", DOCUMENTS)
def test_links_lead_somewhere(page: Document) -> None:
    """A relative link names a file or folder of the repository, and a heading in it where it names one."""
    broken = []
    for link in page.links:
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        found = target.is_relative_to(ROOT) and target.exists()
        if not found or (anchor and anchor not in Document(target, target.read_text()).anchors):
            broken.append(link)

    assert [] == broken


@pytest.mark.parametrize("page", GUIDE)
def test_make_targets_exist(page: Document) -> None:
    """Each `make <target>` that is shown is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {target for line in page.commands for target in re.findall(r"(?:^|[$ (]|&& )make ([a-z0-9]+)", line)}

    assert set() == shown - targets


@pytest.mark.parametrize("page", GUIDE)
def test_commands_exist(page: Document) -> None:
    """Each `judgemesh <command> --option` that is shown is a command with that option."""
    wrong = [problem for line in page.commands for words in shown_commands(line) for problem in misuse(words)]

    assert [] == wrong


def shown_commands(line: str) -> Iterator[list[str]]:
    """The words after `judgemesh`, up to what ends the command."""
    for match in re.finditer(r"(?:^|[\s/])judgemesh ((?:[\w./~<>-]+ ?)+)", line):
        yield match[1].split()


def misuse(words: list[str]) -> Iterator[str]:
    """What the command line would refuse of these words."""
    command: Any = typer.main.get_command(app)
    for word in words:
        commands = getattr(command, "commands", None)
        if commands and not word.startswith("-"):
            if word not in commands:
                yield f"judgemesh {' '.join(words)}: there is no command {word}"
                return
            command = commands[word]
        elif word.startswith("--") and word not in ("--help", *options(command)):
            yield f"judgemesh {' '.join(words)}: there is no option {word}"


def options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("page", GUIDE)
def test_paths_of_the_api_exist(page: Document) -> None:
    """Each path below /v1/ that is shown is one of the HTTP API's."""
    templates = json.loads((ROOT / "services/gateway/openapi.json").read_text())["paths"]
    known = [re.compile(re.sub(r"\\\{\w+\\\}", "[^/:]+", re.escape(template))) for template in templates]
    shown = {path for line in page.commands for path in re.findall(r"(?:\s|:\d+|^)(/v1/[^\s'\"?`]+)", line)}

    assert [] == sorted(path for path in shown if not any(template.fullmatch(path) for template in known))


@pytest.mark.parametrize("page", GUIDE)
def test_variables_exist(page: Document) -> None:
    """Each JUDGEMESH_ variable is a setting, or is named in the code."""
    settings = {name for each in settings_table.settings_classes() for name in settings_table.variables(each)}
    settings |= {f"JUDGEMESH_{name.upper()}" for each in OPERATOR_SETTINGS for name in each.model_fields}
    named = set(re.findall(r"JUDGEMESH_[A-Z_]+[A-Z]", code()))

    assert set() == set(re.findall(r"JUDGEMESH_[A-Z_]+[A-Z]", page.text)) - settings - named


@pytest.mark.parametrize("page", GUIDE)
def test_files_that_are_named_exist(page: Document) -> None:
    """Inline code that begins with a folder of the repository is a path in it."""
    folders = "services|operator|proto|tests|docs|manifests"
    shown = {line for line in page.commands if re.fullmatch(rf"({folders})/[\w./-]*", line)}

    assert set() == {path for path in shown if not (ROOT / path).exists()}


def test_metrics_exist() -> None:
    """Each metric in the list is in the code."""
    metrics = set(re.findall(r"`((?:judgemesh|grpc_server)_[a-z_]+)`", document(OPERATIONS).text))
    text = code()

    assert metrics
    assert set() == {name for name in metrics if f'"{name}"' not in text}


def test_every_setting_is_listed(rewriting: bool) -> None:
    """The lists of settings are what the settings' descriptions say (`--rewrite-docs` writes them)."""
    page = document(OPERATIONS)
    wanted = settings_table.rewritten(page.text)
    if rewriting:
        page.path.write_text(wanted)

    assert wanted == document(OPERATIONS).text, 'stale: run `make test ARGS="tests/unit/docs --rewrite-docs"`'


def test_every_settings_class_is_found() -> None:
    """Every module of settings is in the lists, the worker's too."""
    modules = {each.__module__ for each in settings_table.settings_classes()}
    files = set(ROOT.glob("services/**/settings.py"))

    assert {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files} == modules


def test_every_reason_of_a_refused_problem_is_explained() -> None:
    """The page about packages has each reason of the problem service, and none that it does not have."""
    reasons = {value.name.removeprefix("ERROR_REASON_") for value in ErrorReason.DESCRIPTOR.values} - {"UNSPECIFIED"}
    shown = set(
        re.findall(r"`((?:PACKAGE|PROBLEM|UPLOAD|STORAGE|TOO_MANY|VISIBILITY)_[A-Z_]+)`", document(PROBLEMS).text)
    )

    assert reasons == shown - {"VISIBILITY_PRIVATE", "VISIBILITY_PUBLIC"}


def test_the_package_to_copy_is_good(tmp_path: Path) -> None:
    """The shell lines make a package that is read without a warning, and that its program solves."""
    script = next(block for language, block in document(PROBLEMS).blocks if language == "sh")
    subprocess.run([shutil.which("bash") or "sh", "-euc", script], cwd=tmp_path, check=True, timeout=60)
    with open_archive(tmp_path / "double.zip") as archive:
        package = read_package(archive)
        outputs = [solved(tmp_path / "double", archive.read(test.input, 1024)) for test in package.tests]
        answers = [archive.read(test.answer, 1024) for test in package.tests]

    assert ("double", "Double", ()) == (package.id, package.title, package.warnings)
    assert answers == outputs
    assert 3 == len(answers)


def solved(package: Path, given: bytes) -> bytes:
    program = package / "submissions" / "accepted" / "double.py"
    return subprocess.run([sys.executable, program], input=given, capture_output=True, check=True, timeout=60).stdout
