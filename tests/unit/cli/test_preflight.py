"""What stands in the way of a start, and the words for it."""

import shutil
from pathlib import Path

import pytest

from services.cli.local import preflight
from services.cli.local.directory import DataDirectory
from services.cli.local.failures import CannotStart
from services.cli.local.preflight import Level
from services.execution.languages import language


@pytest.mark.parametrize(
    ("kernel", "machine", "libc", "level"),
    [
        ("Linux", "x86_64", "glibc", Level.OK),
        ("Linux", "aarch64", "glibc", Level.OK),
        ("Linux", "x86_64", "", Level.ERROR),
        ("Linux", "riscv64", "glibc", Level.ERROR),
        ("Darwin", "arm64", "", Level.ERROR),
    ],
)
def test_system(kernel: str, machine: str, libc: str, level: Level) -> None:
    """Only systems that the wheels exist for will do."""
    assert preflight.system(kernel, machine, libc).level == level


def test_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less than 1 GiB free the start is refused, and the message says how much there is."""
    usage = shutil.disk_usage(tmp_path)._replace(free=300 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    finding = preflight.disk(DataDirectory(tmp_path / "not" / "yet"))

    assert finding.level is Level.ERROR
    assert "300 MiB" in finding.message
    assert "--data-dir" in finding.remedy


def test_missing_compilers_are_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without compilers the platform starts; each language that is off is named with its package."""
    monkeypatch.setattr(language, "TOOLCHAIN_PATH", str(tmp_path))
    findings = {finding.subject: finding for finding in preflight.compilers()}

    assert {finding.level for finding in findings.values()} == {Level.WARNING}
    assert "C++ is off" in findings["C++"].message
    assert "openjdk-17-jdk-headless" in findings["Java"].remedy


def test_file_in_place_of_the_directory(tmp_path: Path) -> None:
    """A file where the data should be is an error."""
    (tmp_path / "data").write_text("")

    assert preflight.place(DataDirectory(tmp_path / "data")).level is Level.ERROR


def test_all_obstacles_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot start learns everything that is wrong, not the first thing alone."""
    monkeypatch.setattr(preflight, "disk", lambda _: preflight.Finding("disk", Level.ERROR, "full", "make room"))
    monkeypatch.setattr(preflight, "free", lambda _: preflight.Finding("ports", Level.ERROR, "busy", "use others"))

    with pytest.raises(CannotStart) as refused:
        preflight.require(DataDirectory(tmp_path), {})
    assert {"full", "busy"} <= set(refused.value.problem.splitlines())
    assert {"make room", "use others"} <= set(refused.value.remedy.splitlines())


def test_traces_without_jaeger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Jaeger, the exporter's endpoint is what counts; without either there is a hint."""
    monkeypatch.setattr(preflight.jaeger, "find", lambda _: None)
    exported = preflight.tracing(DataDirectory(tmp_path), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"})
    nowhere = preflight.tracing(DataDirectory(tmp_path), {})

    assert exported.level is Level.OK
    assert nowhere.level is Level.WARNING
    assert "make jaeger" in nowhere.remedy
