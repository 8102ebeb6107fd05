"""A language: how its programs are compiled and run. Read from the YAML file beside this module that has its name."""

import functools
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from services.execution.languages.entry_points import (
    java_main_class,
    kotlin_main_class,
    main_file,
    main_module,
    python_main_file,
    scala_main_object,
)

_FOLDER = Path(__file__).parent
_MIB = 1024 * 1024
TOOLCHAIN_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where compilers and interpreters are looked for: system directories only, which programs may read."""


class EntryPoint(StrEnum):
    """How it is found where a program starts."""

    NONE = "none"
    JAVA_MAIN = "java_main"
    PYTHON_MAIN = "python_main"
    KOTLIN_MAIN = "kotlin_main"
    SCALA_MAIN = "scala_main"
    MAIN_FILE = "main_file"
    MAIN_MODULE = "main_module"


_ENTRY_POINTS: dict[EntryPoint, Callable[[dict[str, bytes]], str]] = {
    EntryPoint.NONE: lambda _: "",
    EntryPoint.JAVA_MAIN: java_main_class,
    EntryPoint.PYTHON_MAIN: python_main_file,
    EntryPoint.KOTLIN_MAIN: kotlin_main_class,
    EntryPoint.SCALA_MAIN: scala_main_object,
    EntryPoint.MAIN_FILE: main_file,
    EntryPoint.MAIN_MODULE: main_module,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How programs of a language are compiled and run.

    In the commands stand for themselves: ``{sources}`` (every source file, as arguments of their own), ``{build}``
    (the directory of the compiled program), ``{entry}`` (the entry point), ``{heap_mib}`` (memory for the heap).
    """

    id: str
    name: str
    """For people."""
    extensions: tuple[str, ...]
    """File name extensions by which the language is recognised, the usual one first."""
    sources: tuple[str, ...]
    """Extensions of the files that the compiler is given; others (headers) just lie beside them."""
    compile: tuple[str, ...]
    run: tuple[str, ...]
    version: tuple[str, ...]
    """A command whose first line of output names the version."""
    package: str = ""
    """The Debian package that has the programs."""
    entry_point: EntryPoint = EntryPoint.NONE
    memory_reserve_mib: int = 0
    """What the runtime needs beside the heap."""
    reserved_mib: int = 64
    """What the runtime may reserve without using it, above twice the memory limit: the stacks of its threads."""
    out_of_memory: tuple[str, ...] = ()
    """What the runtime writes to standard error when an allocation is refused and not handled."""

    def source_names(self, names: Iterable[str]) -> list[str]:
        """Those of the files that the compiler is given, in order of their names."""
        return sorted(name for name in names if name.rpartition(".")[2] in self.sources)

    def compile_command(self, files: dict[str, bytes], memory_bytes: int) -> tuple[str, ...]:
        """The command that compiles in the current directory."""
        # A file name never looks like an option.
        sources = [f"./{name}" for name in self.source_names(files)]
        return self._command(self.compile, sources, build=".", entry="", memory_bytes=memory_bytes)

    def run_command(self, build: str, entry: str, memory_bytes: int) -> tuple[str, ...]:
        """The command that runs what was compiled in `build`, from its entry point on."""
        return self._command(self.run, [], build=build, entry=entry, memory_bytes=memory_bytes)

    def version_command(self) -> tuple[str, ...]:
        return self._command(self.version, [], build="", entry="", memory_bytes=0)

    def entry(self, files: dict[str, bytes]) -> str:
        """Where the program starts; empty where the language needs no name for it."""
        sources = {name: files[name] for name in self.source_names(files)}
        return _ENTRY_POINTS[self.entry_point](sources)

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that compile, run and name the language; what was compiled itself is none of them."""
        commands = (self.compile, self.run, self.version)
        return tuple(dict.fromkeys(command[0] for command in commands if command and "{" not in command[0]))

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of the programs that are not where runs look for them."""
        return tuple(program for program in self.programs if not find(program))

    @property
    def installed(self) -> bool:
        return not self.missing

    def _command(
        self, template: Sequence[str], sources: list[str], *, build: str, entry: str, memory_bytes: int
    ) -> tuple[str, ...]:
        limit = memory_bytes // _MIB
        heap = max(limit // 2, limit - self.memory_reserve_mib)
        values = {"build": build, "entry": entry, "heap_mib": str(heap)}
        command: list[str] = []
        for part in template:
            if part == "{sources}":
                command.extend(sources)
            else:
                command.append(_fill(part, values))
        return (find(command[0]) or command[0], *command[1:])


def _fill(part: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(f"{{{name}}}", value)
    return part


def find(program: str) -> str | None:
    """The path of a program that compiles or runs a language; None if there is none."""
    return _located(program, TOOLCHAIN_PATH)


@functools.cache
def _located(program: str, path: str) -> str | None:
    """Every run asks for it; toolchains do not move while a process lives."""
    return shutil.which(program, path=path)


def load_languages(folder: Path = _FOLDER) -> dict[str, Language]:
    """All languages by identifier. Raises TypeError or ValueError where a file is wrong."""
    return {path.stem: _load(path) for path in sorted(folder.glob("*.yaml"))}


def _load(path: Path) -> Language:
    fields = yaml.safe_load(path.read_text())
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    values["entry_point"] = EntryPoint(values.get("entry_point", EntryPoint.NONE))
    return Language(id=path.stem, **values)
