"""What is to be judged: a task of the queue, and the problem's judging bundle."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.execution.worker.groups import TestGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A submission to judge."""

    judging: str
    submission: str
    problem: str
    bundle: str
    """SHA-256 (hex) of the judging bundle."""
    language: str
    files: dict[str, bytes]
    package_program: str = ""
    """Instead of `files`: the path of a program of the package, which is run to verify the package."""
    time_factor: int = 1
    """Each test may take this many times the time limit, although what takes more than the limit is too slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemLimits:
    """The limits that a problem sets. Times in seconds, sizes in bytes."""

    time: float
    memory: int
    output: int
    compilation_time: float
    compilation_memory: int
    validation_time: float
    validation_memory: int
    validation_output: int
    time_by_language: Mapping[str, float] = field(default_factory=dict)
    """The time of languages that have one of their own."""

    def time_in(self, language: str) -> float:
        return self.time_by_language.get(language, self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test, by the names of its entries in the bundle."""

    __test__ = False  # no test case of pytest's

    number: int
    name: str = ""
    """Within the package."""
    sample: bool
    input: str
    answer: str
    validator_flags: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    """The program's command-line arguments."""
    files: str = ""
    """The folder of the bundle with files for the program's working directory; empty without any."""
    input_validator_flags: tuple[str, ...] = ()
    """Those of every input validator."""
    input_validator_flags_by_name: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where there are any, those of each by the last part of its path, instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageProgram:
    """A program of the package, which is run only to verify it."""

    path: str
    """Within the package."""
    folder: str
    """The folder of the bundle with its files."""
    flags: tuple[str, ...] = ()
    """Of an input validator: its flags for every test."""

    def flags_for(self, test: Test) -> tuple[str, ...]:
        """Of an input validator: all of its flags for a test."""
        by_name = test.input_validator_flags_by_name
        own = by_name.get(self.path.rpartition("/")[2], ()) if by_name else test.input_validator_flags
        return (*self.flags, *own)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bundle holds."""

    problem: str
    limits: ProblemLimits
    tests: tuple[Test, ...]
    validator_flags: tuple[str, ...]
    validator_folder: str
    """The folder of the custom output validator; empty for the default one."""
    interactive: bool = False
    """Whether program and validator run at the same time, each reading what the other writes."""
    max_passes: int = 1
    """The most runs of the program on one test, where the validator may ask for another one."""
    scoring: bool = False
    """Whether a submission gets a score."""
    groups: TestGroup
    """All tests, once each."""
    included: Mapping[str, str] = field(default_factory=dict)
    """Folders of the bundle with files for every submission, by language; "" is for those that have none."""
    solutions: Mapping[str, PackageProgram] = field(default_factory=dict)
    """The package's example submissions, by path."""
    input_validators: Mapping[str, PackageProgram] = field(default_factory=dict)
    """The package's input validators, by path."""

    def included_in(self, language: str) -> str:
        """The folder with what is added to submissions in this language; empty without one."""
        return self.included.get(language, self.included.get("", ""))
