"""The tests of a package: samples first, then the secret ones by name, groups flattened."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.errors import PackageNoTests, PackageTooLarge, PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.metadata import flags_of
from services.problem.yamlfile import read_mapping

MAX_SAMPLES = 50
MAX_SAMPLE_BYTES = 16 * 1024
"""Of a sample's input or answer, as it is shown. All samples fit into one message."""
MAX_CONFIGURATION_BYTES = 512 * 1024
"""Of all YAML files of groups and tests: reading YAML is slow."""


@dataclass(frozen=True, slots=True)
class PackageTest:
    """A test by its name below data/ (``secret/02_extreme_cases``), with the package's files of it."""

    name: str
    sample: bool
    input: str
    answer: str
    validator_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A public test as it is shown to contestants."""

    name: str
    input: str
    answer: str


def read_tests(archive: PackageArchive, findings: Findings, *, legacy: bool) -> tuple[PackageTest, ...]:
    """All tests in judging order.

    Raises PackageNoTests without a secret test, PackageTypeUnsupported for tests that are more than standard input.
    """
    names = [*archive.under("data/sample"), *archive.under("data/secret")]
    bases = [name.removesuffix(".in") for name in names if name.endswith(".in")]
    _note_answers_without_input(names, findings)
    if not any(base.startswith("data/secret/") for base in bases):
        findings.raise_errors()
        raise PackageNoTests("the package has no secret tests: put <name>.in and <name>.ans into data/secret/")
    if folder := next((name for name in names if ".files/" in name), None):
        raise PackageTypeUnsupported(f"input files beside standard input ({folder})")
    groups = _Groups(archive, findings, legacy=legacy)
    return tuple(_test(archive, base, groups, findings) for base in sorted(bases, key=_judging_order))


def _judging_order(base: str) -> tuple[bool, list[str]]:
    return not base.startswith("data/sample/"), base.split("/")


def _note_answers_without_input(names: list[str], findings: Findings) -> None:
    present = set(names)
    for name in names:
        if name.endswith(".ans") and f"{name.removesuffix('.ans')}.in" not in present:
            findings.error(name, f"has no input; add {name.removesuffix('.ans')}.in or remove it")


def _test(archive: PackageArchive, base: str, groups: "_Groups", findings: Findings) -> PackageTest:
    if f"{base}.ans" not in archive:
        findings.error(f"{base}.in", f"has no answer; add {base}.ans")
    return PackageTest(
        name=base.removeprefix("data/"),
        sample=base.startswith("data/sample/"),
        input=f"{base}.in",
        answer=f"{base}.ans",
        validator_flags=groups.validator_flags(base),
    )


class _Groups:
    """The configuration of test groups: testdata.yaml (legacy), test_group.yaml and <test>.yaml (2025-09)."""

    def __init__(self, archive: PackageArchive, findings: Findings, *, legacy: bool) -> None:
        self._archive = archive
        self._findings = findings
        self._legacy = legacy
        self._flags: dict[str, tuple[str, ...] | None] = {}
        self._bytes_left = MAX_CONFIGURATION_BYTES

    def validator_flags(self, base: str) -> tuple[str, ...]:
        """Those of the test itself, else of the nearest group around it that has some."""
        if not self._legacy and (own := self._flags_in(f"{base}.yaml")) is not None:
            return own
        folders = base.split("/")[:-1]
        for depth in range(len(folders), 0, -1):
            folder = "/".join(folders[:depth])
            for file in ("test_group.yaml", "testdata.yaml"):
                if (flags := self._flags_in(f"{folder}/{file}")) is not None:
                    return flags
        return ()

    def _flags_in(self, file: str) -> tuple[str, ...] | None:
        """None where there is no such file, or where it says nothing of them (2025-09)."""
        if file not in self._archive:
            return None
        if file not in self._flags:
            self._flags[file] = self._read(file)
        return self._flags[file]

    def _read(self, file: str) -> tuple[str, ...] | None:
        self._bytes_left -= self._archive.size(file)
        if self._bytes_left < 0:
            raise PackageTooLarge(
                "the YAML files below data/ are too large", limit_bytes=str(MAX_CONFIGURATION_BYTES), entry=file
            )
        content = read_mapping(self._archive, file, self._findings)
        if content.get("args"):
            raise PackageTypeUnsupported(f"command-line arguments of the submission ({file})")
        if "output_validator_args" in content:
            return self._checked(file, content["output_validator_args"])
        if "output_validator_flags" in content or self._legacy:
            flags = content.get("output_validator_flags")
            return self._checked(file, flags.get("flags") if isinstance(flags, Mapping) else flags)
        return None

    def _checked(self, file: str, value: object) -> tuple[str, ...]:
        if value is not None and not isinstance(value, str | int | float | list):
            self._findings.error(file, "the output validator's flags must be text or a list of texts")
            return ()
        return flags_of(value)


def read_samples(archive: PackageArchive, tests: tuple[PackageTest, ...], findings: Findings) -> tuple[Sample, ...]:
    """The samples as they are shown: the files for that (``1.in.statement``, ``1.out``) where there are some."""
    samples = [test for test in tests if test.sample]
    if len(samples) > MAX_SAMPLES:
        findings.error("data/sample/", f"has {len(samples)} tests; at most {MAX_SAMPLES} can be samples")
    return tuple(_sample(archive, test, findings) for test in samples[:MAX_SAMPLES])


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
