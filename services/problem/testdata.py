"""The tests of a package: samples first, then the secret ones by name, groups flattened."""

from dataclasses import dataclass, field

from services.problem.archive import PackageArchive
from services.problem.configuration import Configuration, TestOptions
from services.problem.errors import PackageNoTests
from services.problem.findings import Findings
from services.problem.metadata import Metadata
from services.problem.programs import ProgramFile

MAX_SAMPLES = 50
SUFFIX = ".interaction"
MAX_SAMPLE_BYTES = 16 * 1024
"""Of a sample's input or answer, as it is shown. All samples fit into one message."""


@dataclass(frozen=True, slots=True)
class PackageTest:
    """A test by its name below data/ (``secret/02_extreme_cases``), with the package's files of it."""

    name: str
    sample: bool
    input: str
    answer: str
    options: TestOptions = field(default_factory=TestOptions)
    files: tuple[ProgramFile, ...] = ()
    """Those that lie in the program's working directory."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A public test as it is shown to contestants: input and answer, or a conversation."""

    name: str
    input: str
    answer: str
    interaction: str = ""
    """Lines that the program reads after ``<``, those that it writes after ``>``, ``---`` between its runs."""


def read_tests(archive: PackageArchive, configuration: Configuration, findings: Findings) -> tuple[PackageTest, ...]:
    """All tests in judging order. Raises PackageNoTests without a secret test."""
    names = [*archive.under("data/sample"), *archive.under("data/secret")]
    files = _files_of_tests(names)
    names = [name for name in names if ".files/" not in name]
    bases = [name.removesuffix(".in") for name in names if name.endswith(".in")]
    _note_leftovers(names, files, set(bases), findings)
    if not any(base.startswith("data/secret/") for base in bases):
        findings.raise_errors()
        raise PackageNoTests("the package has no secret tests: put <name>.in and <name>.ans into data/secret/")
    return tuple(
        _test(archive, base, configuration.options(base), tuple(files.get(base, ())), findings)
        for base in sorted(bases, key=_judging_order)
    )


def _judging_order(base: str) -> tuple[bool, list[str]]:
    return not base.startswith("data/sample/"), base.split("/")


def _files_of_tests(names: list[str]) -> dict[str, list[ProgramFile]]:
    """What is in the folders ``<test>.files``, by the test's path."""
    files: dict[str, list[ProgramFile]] = {}
    for name in names:
        base, found, path = name.partition(".files/")
        if found:
            files.setdefault(base, []).append(ProgramFile(path, name))
    return files


def _note_leftovers(names: list[str], files: dict[str, list[ProgramFile]], bases: set[str], findings: Findings) -> None:
    for name in names:
        if name.endswith(".ans") and (base := name.removesuffix(".ans")) not in bases:
            findings.error(name, f"has no input; add {base}.in or remove it")
    for base in files.keys() - bases:
        findings.error(f"{base}.files/", f"belongs to no test; add {base}.in or remove it")


def _test(
    archive: PackageArchive, base: str, options: TestOptions, files: tuple[ProgramFile, ...], findings: Findings
) -> PackageTest:
    if f"{base}.ans" not in archive:
        findings.error(f"{base}.in", f"has no answer; add {base}.ans")
    return PackageTest(
        name=base.removeprefix("data/"),
        sample=base.startswith("data/sample/"),
        input=f"{base}.in",
        answer=f"{base}.ans",
        options=options,
        files=files,
    )


def read_samples(
    archive: PackageArchive, tests: tuple[PackageTest, ...], metadata: Metadata, findings: Findings
) -> tuple[Sample, ...]:
    """The samples as they are shown: the files for that (``1.in.statement``, ``1.out``) where there are some."""
    found = _conversations(archive, findings) if metadata.conversing else {}
    for test in tests:
        if test.sample and test.name not in found and not (metadata.interactive and metadata.legacy):
            # Of a legacy interactive problem, input and answer are the judge's secret.
            found[test.name] = _sample(archive, test, findings)
    if len(found) > MAX_SAMPLES:
        findings.error("data/sample/", f"has {len(found)} tests; at most {MAX_SAMPLES} can be samples")
    return tuple(found[name] for name in sorted(found)[:MAX_SAMPLES])


def _conversations(archive: PackageArchive, findings: Findings) -> dict[str, Sample]:
    """By name; some belong to no test."""
    names = [name.removesuffix(SUFFIX) for name in archive.under("data/sample") if name.endswith(SUFFIX)]
    return {
        (short := name.removeprefix("data/")): Sample(short, "", "", _shown(archive, f"{name}{SUFFIX}", findings))
        for name in names[: MAX_SAMPLES + 1]
    }


def _sample(archive: PackageArchive, test: PackageTest, findings: Findings) -> Sample:
    base = test.input.removesuffix(".in")
    shown_input = next(name for name in (f"{base}.in.statement", test.input) if name in archive)
    answers = (f"{base}.ans.statement", f"{base}.out", test.answer)
    shown_answer = next((name for name in answers if name in archive), None)
    answer = _shown(archive, shown_answer, findings) if shown_answer else ""
    return Sample(test.name, _shown(archive, shown_input, findings), answer)


def _shown(archive: PackageArchive, name: str, findings: Findings) -> str:
    content = bytearray()
    for chunk in archive.chunks(name):
        content += chunk
        if len(content) > MAX_SAMPLE_BYTES:
            findings.warn(name, f"is shown to its first {MAX_SAMPLE_BYTES} bytes only")
            break
    text = bytes(content[:MAX_SAMPLE_BYTES]).decode(errors="replace").replace("\x00", "\ufffd")
    if "\ufffd" in text:
        findings.warn(name, "has bytes that are not UTF-8; they are shown as \ufffd")
    return text
