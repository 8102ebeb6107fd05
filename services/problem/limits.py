"""The limits of a problem: what the package says, else what its format or this judge assumes."""

import configparser
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from services.problem.archive import PackageArchive
from services.problem.findings import Findings
from services.problem.languages import UNJUDGED, by_extension

MIB = 1024 * 1024
NOMINAL_SLOWEST_SECONDS = 1.0
"""Without a time limit the formats compute one: the slowest accepted submission's time, times a factor (5 in the
legacy formats, 2 since 2023-07), rounded up. An import does not run submissions, so it takes one second for theirs."""
SLOW_ACCEPTED_SECONDS = 300.0
"""The time limit, where a package has none, in the languages of the correct submissions that its author calls slow
(`submissions/slow_accepted`): those that are known need some 150 s of CPU time in CPython."""
MAX_TIME_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class DeclaredLimits:
    """What problem.yaml says of limits, in its own units; None where it says nothing."""

    time_limit: float | None = None
    time_factor: float = 2.0
    time_resolution: float = 1.0
    memory: int | None = None
    output: int | None = None
    code: int | None = None
    compilation_time: int | None = None
    compilation_memory: int | None = None
    validation_time: int | None = None
    validation_memory: int | None = None
    validation_output: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one problem; every one is set. The defaults are the formats' "typical system defaults"."""

    time: timedelta
    memory_bytes: int = 2048 * MIB
    output_bytes: int = 8 * MIB
    code_bytes: int = 128 * 1024
    compilation_time: timedelta = timedelta(seconds=60)
    compilation_memory_bytes: int = 2048 * MIB
    validation_time: timedelta = timedelta(seconds=60)
    validation_memory_bytes: int = 2048 * MIB
    validation_output_bytes: int = 8 * MIB
    time_by_language: Mapping[str, timedelta] = field(default_factory=dict)
    """Where a language has a time limit of its own, by the language's identifier."""


def limits_of(archive: PackageArchive, declared: DeclaredLimits, findings: Findings) -> Limits:
    """The problem's limits, with a warning where the time limit had to be assumed."""
    said_time = _said_time_limit(archive, declared, findings)
    assumed = _said(said_time) if said_time is not None else _assumed(archive, declared, findings)
    said = {
        "memory_bytes": _scaled(declared.memory, MIB),
        "output_bytes": _scaled(declared.output, MIB),
        "code_bytes": _scaled(declared.code, 1024),
        "compilation_time": _scaled(declared.compilation_time, timedelta(seconds=1)),
        "compilation_memory_bytes": _scaled(declared.compilation_memory, MIB),
        "validation_time": _scaled(declared.validation_time, timedelta(seconds=1)),
        "validation_memory_bytes": _scaled(declared.validation_memory, MIB),
        "validation_output_bytes": _scaled(declared.validation_output, MIB),
    }
    return replace(assumed, **{name: value for name, value in said.items() if value is not None})


def _scaled(value: int | None, unit: Any) -> Any:
    return None if value is None else value * unit


def _said(seconds: float) -> Limits:
    return Limits(time=timedelta(seconds=seconds))


def _said_time_limit(archive: PackageArchive, declared: DeclaredLimits, findings: Findings) -> float | None:
    """In seconds: problem.yaml's, else the ICPC file's, else DOMjudge's."""
    if declared.time_limit is not None:
        return declared.time_limit
    for name in (".timelimit", "domjudge-problem.ini"):
        if name in archive:
            return _time_limit_in(archive, name, findings)
    return None


def _assumed(archive: PackageArchive, declared: DeclaredLimits, findings: Findings) -> Limits:
    steps = math.ceil(NOMINAL_SLOWEST_SECONDS * declared.time_factor / declared.time_resolution)
    seconds = min(steps * declared.time_resolution, MAX_TIME_SECONDS)
    findings.warn("problem.yaml", f"has no limits.time_limit; {seconds:g} s are assumed")
    slow = _slow_languages(archive)
    if slow:
        names = ", ".join(slow)
        findings.warn("submissions/slow_accepted/", f"has correct programs: {SLOW_ACCEPTED_SECONDS:g} s for {names}")
    return replace(_said(seconds), time_by_language=dict.fromkeys(slow, timedelta(seconds=SLOW_ACCEPTED_SECONDS)))


def _slow_languages(archive: PackageArchive) -> list[str]:
    found = {by_extension(name) for name in archive.under("submissions/slow_accepted")}
    return sorted(found - UNJUDGED - {""})


def _time_limit_in(archive: PackageArchive, name: str, findings: Findings) -> float:
    text = archive.read_text(name, 16 * 1024)
    value = text if name == ".timelimit" else _ini_value(text)
    try:
        seconds = float(value.strip().strip("'\""))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_TIME_SECONDS:
        findings.error(name, f"must give the time limit in seconds, over 0 and at most {MAX_TIME_SECONDS:g}")
        return NOMINAL_SLOWEST_SECONDS
    return seconds


def _ini_value(text: str) -> str:
    """`timelimit` of a domjudge-problem.ini, which may or may not have sections."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text if re.match(r"\s*\[", text) else f"[problem]\n{text}")
    except configparser.Error:
        return ""
    return next((parser[name]["timelimit"] or "" for name in parser.sections() if "timelimit" in parser[name]), "")
