"""What the YAML files below data/ say of groups and tests.

Legacy packages have testdata.yaml in the folder of a group: a key that it lacks is the one of the group around it, as
problemtools reads them. 2025-09 has test_group.yaml in the folder, and <test>.yaml beside a test.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints

from services.problem.archive import PackageArchive
from services.problem.credits import Text
from services.problem.documents import Document, note_unknown_keys, validated
from services.problem.errors import PackageTooLarge
from services.problem.findings import Findings
from services.problem.metadata import Metadata, OnReject, flags_of
from services.problem.yamlfile import read_mapping

MAX_BYTES = 512 * 1024
"""Of all YAML files of groups and tests: reading YAML is slow."""

Flag = Annotated[str, StringConstraints(strip_whitespace=False, max_length=10_000)] | int | float
Flags = list[Flag] | Flag
Score = Annotated[float, Field(ge=-1e12, le=1e12)]


class _NamedFlags(Document):
    name: Text | None = None
    flags: Flags | None = None


class LegacyGroup(Document):
    """testdata.yaml."""

    on_reject: OnReject | None = None
    grading: Literal["default", "custom"] | None = None
    grader_flags: Text | None = None
    input_validator_flags: Flags | _NamedFlags | None = None
    output_validator_flags: Flags | _NamedFlags | None = None
    accept_score: Score | None = None
    reject_score: Score | None = None
    range: Text | None = None


class CurrentTest(Document):
    """<test>.yaml."""

    args: Flags | None = None
    input_validator_args: Flags | dict[str, Flags] | None = None
    output_validator_args: Flags | None = None
    input_visualizer_args: Flags | None = None
    output_visualizer_args: Flags | None = None
    full_feedback: bool | None = None
    hint: str | None = None
    description: str | None = None


class CurrentGroup(CurrentTest):
    """test_group.yaml."""

    max_score: Annotated[float, Field(ge=0, le=1e12)] | Literal["unbounded"] | None = None
    score_aggregation: Literal["pass-fail", "sum", "min"] | None = None
    require_pass: Text | list[Text] | None = None
    static_validation_score: Any = None
    static_validator_args: Any = None


@dataclass(frozen=True, slots=True)
class TestOptions:
    """How one test is run and checked."""

    __test__ = False  # no test case of pytest's

    arguments: tuple[str, ...] = ()
    validator_flags: tuple[str, ...] = ()
    input_validator_flags: tuple[str, ...] = ()
    input_validator_flags_by_name: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Instead of them, where they differ: by the validator's name."""


D = TypeVar("D", bound=Document)


class Configuration:
    """The files below data/, each read once."""

    def __init__(self, archive: PackageArchive, metadata: Metadata, findings: Findings) -> None:
        self._archive = archive
        self._metadata = metadata
        self._findings = findings
        self._bytes_left = MAX_BYTES
        self._documents: dict[str, Document | None] = {}
        files = {name.rsplit("/", 1)[-1] for name in archive.under("data")}
        # Drafts of today's format still had the legacy file.
        self.legacy = metadata.legacy or ("test_group.yaml" not in files and "testdata.yaml" in files)

    def legacy_group(self, folder: str) -> LegacyGroup:
        """The group of ``data`` or of a folder below, with what it has from the groups around it."""
        merged: dict[str, Any] = {}
        parts = folder.split("/")
        for depth in range(1, len(parts) + 1):
            if own := self._document(f"{'/'.join(parts[:depth])}/testdata.yaml", LegacyGroup):
                merged |= {key: getattr(own, key) for key in own.model_fields_set}
        return LegacyGroup.model_construct(**merged)

    def current_group(self, folder: str) -> CurrentGroup:
        return self._document(f"{folder}/test_group.yaml", CurrentGroup) or CurrentGroup()

    def options(self, base: str) -> TestOptions:
        """Of the test with this path without an extension."""
        if self.legacy:
            group = self.legacy_group(base.rsplit("/", 1)[0])
            named, flags = _legacy_flags(group.input_validator_flags)
            return TestOptions(
                validator_flags=_legacy_flags(group.output_validator_flags)[1],
                input_validator_flags=() if named else flags,
                input_validator_flags_by_name={named: flags} if named else {},
            )
        arguments = flags_of(self._nearest(base, "args"))
        given = self._nearest(base, "input_validator_args")
        by_name = {name: (*flags_of(flags), *arguments) for name, flags in given.items()} if _is_map(given) else {}
        return TestOptions(
            arguments=arguments,
            validator_flags=flags_of(self._nearest(base, "output_validator_args")),
            # The format says: the validator's own arguments, followed by the submission's.
            input_validator_flags=() if _is_map(given) else (*flags_of(given), *arguments),
            input_validator_flags_by_name=by_name,
        )

    def _nearest(self, base: str, key: str) -> Any:
        """The test's own, else that of the nearest group around it that has some."""
        own = self._document(f"{base}.yaml", CurrentTest)
        if own and key in own.model_fields_set:
            return getattr(own, key)
        folders = base.split("/")[:-1]
        for depth in range(len(folders), 0, -1):
            group = self.current_group("/".join(folders[:depth]))
            if key in group.model_fields_set:
                return getattr(group, key)
        return None

    def _document(self, file: str, model: type[D]) -> D | None:
        """None where there is no such file, or where it is wrong."""
        if file not in self._archive:
            return None
        if file not in self._documents:
            self._documents[file] = self._read(file, model)
        found = self._documents[file]
        return found if isinstance(found, model) else None

    def _read(self, file: str, model: type[D]) -> D | None:
        self._bytes_left -= self._archive.size(file)
        if self._bytes_left < 0:
            raise PackageTooLarge("the YAML files below data/ are too large", limit_bytes=str(MAX_BYTES), entry=file)
        constants = self._metadata.constants if model is CurrentGroup else {}
        content = read_mapping(self._archive, file, self._findings, constants)
        if not self.legacy and not self._metadata.strict:
            content = _as_2025_09(content)
        document = validated(model, content, file, self._findings)
        if document is not None:
            note_unknown_keys(document, file, self._findings, strict=self._metadata.strict)
        return document


def _as_2025_09(content: dict[str, Any]) -> dict[str, Any]:
    """The names of the drafts of 2025-09: a mapping `scoring` with `score`, `aggregation` and `require_pass`."""
    scoring = content.pop("scoring", None)
    if isinstance(scoring, dict):
        names = {"score": "max_score", "aggregation": "score_aggregation"}
        content |= {names.get(str(key), str(key)): value for key, value in scoring.items()}
    return content


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _legacy_flags(value: Any) -> tuple[str, tuple[str, ...]]:
    """The name of the one validator that they are for, or "" for all; and the flags."""
    if isinstance(value, _NamedFlags):
        return value.name or "", flags_of(value.flags)
    return "", flags_of(value)
