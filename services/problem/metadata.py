"""What problem.yaml says, in the legacy formats and in 2025-09 (and its drafts), as one record.

Source: the Kattis problem package format, https://www.kattis.com/problem-package-format/spec/.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from services.problem.credits import Credits, Name, Source, Text, authors_of_text, people_of
from services.problem.documents import Document
from services.problem.limits import MAX_TIME_SECONDS, DeclaredLimits

LEGACY_FORMATS = ("legacy", "legacy-icpc")
CURRENT_FORMAT = "2025-09"
DRAFTS = ("2023-07", "2023-07-draft", "2025-09-draft", "draft")

LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
License = Literal["unknown", "public domain", "cc0", "cc by", "cc by-sa", "educational", "permission"]
ProblemKind = Literal["pass-fail", "scoring", "multi-pass", "interactive", "submit-answer"]
Constant = str | int | float
OnReject = Literal["break", "continue", "first_error", "worst_error", "grade"]
"""The last three are older words: the first of them is "break", the others "continue"."""
MAX_PASSES = 1000
"""Of a program on one test: each is a run with a limit of its own, and a worker does nothing else meanwhile."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What problem.yaml says. ``titles`` is by language, with "" for one of an unknown language (legacy)."""

    format: str
    titles: Mapping[str, str]
    uuid: str = ""
    authors: tuple[str, ...] = ()
    source: str = ""
    license: str = "unknown"
    rights_owner: str = ""
    limits: DeclaredLimits = field(default_factory=DeclaredLimits)
    kinds: frozenset[str] = frozenset({"pass-fail"})
    """The types: pass-fail or scoring, and what else."""
    passes: int = 1
    """The most runs on one test; more than one in multi-pass problems alone."""
    validator_scores: bool = False
    """Whether the output validator gives scores."""
    custom_validator: bool | None = None
    """None where the package's files decide (2025-09)."""
    validator_flags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """The languages allowed, by the format's codes; empty for all."""
    constants: Mapping[str, str] = field(default_factory=dict)
    grading: "Grading | None" = None
    """What problem.yaml says of grading (legacy)."""

    @property
    def legacy(self) -> bool:
        return self.format in LEGACY_FORMATS

    @property
    def strict(self) -> bool:
        """Whether unknown keys are errors."""
        return self.format == CURRENT_FORMAT

    @property
    def scoring(self) -> bool:
        return "scoring" in self.kinds

    @property
    def interactive(self) -> bool:
        return "interactive" in self.kinds

    @property
    def conversing(self) -> bool:
        """Whether a sample is a conversation rather than an input and an answer."""
        return bool(self.kinds & {"interactive", "multi-pass"})


class _LimitsDocument(Document):
    time_limit: float | None = Field(default=None, gt=0, le=MAX_TIME_SECONDS)
    time_resolution: float = Field(default=1.0, ge=0.001, le=MAX_TIME_SECONDS)
    memory: int | None = Field(default=None, gt=0, le=64 * 1024)
    output: int | None = Field(default=None, gt=0, le=1024)
    code: int | None = Field(default=None, gt=0, le=10 * 1024)
    compilation_time: int | None = Field(default=None, gt=0, le=600)
    compilation_memory: int | None = Field(default=None, gt=0, le=64 * 1024)
    validation_time: int | None = Field(default=None, gt=0, le=600)
    validation_memory: int | None = Field(default=None, gt=0, le=64 * 1024)
    validation_output: int | None = Field(default=None, gt=0, le=1024)

    def declared(self, factor: float) -> DeclaredLimits:
        names = DeclaredLimits.__dataclass_fields__.keys() - {"time_factor"}
        return DeclaredLimits(time_factor=factor, **{name: getattr(self, name) for name in names})


class _LegacyLimits(_LimitsDocument):
    validation_passes: int = Field(default=2, ge=2, le=MAX_PASSES)
    time_multiplier: float = Field(default=5.0, ge=1, le=100)
    time_safety_margin: float = Field(default=2.0, ge=1, le=100)


class _Multipliers(Document):
    ac_to_time_limit: float = Field(default=2.0, ge=1, le=100)
    time_limit_to_tle: float = Field(default=1.5, ge=1, le=100)


class _CurrentLimits(_LimitsDocument):
    time_multipliers: _Multipliers = Field(default_factory=_Multipliers)
    validation_passes: int = Field(default=2, ge=2, le=MAX_PASSES)


class Grading(Document):
    """`grading` of a legacy problem.yaml. All but the first two predate testdata.yaml, and override it."""

    objective: Literal["min", "max"] = "max"
    show_test_data_groups: bool = False
    on_reject: OnReject | None = None
    accept_score: float | None = None
    reject_score: float | None = None
    range: Text | None = None
    custom_scoring: bool = False


class LegacyProblem(Document):
    """problem.yaml of the legacy and legacy-icpc formats."""

    problem_format_version: str = "legacy"
    type: Literal["pass-fail", "scoring"] = "pass-fail"
    name: Name | dict[LanguageCode, Name] | None = None
    uuid: Text | None = None
    author: Text | None = None
    source: Text | None = None
    source_url: Text | None = None
    license: License | None = None
    rights_owner: Text | None = None
    limits: _LegacyLimits | None = None
    validation: Annotated[str, StringConstraints(pattern=r"^(default|custom( +(interactive|score|multi-pass))*)$")] = (
        "default"
    )
    validator_flags: Text | list[Text | int | float] | int | float | None = None
    grading: Grading | None = None
    keywords: Text | list[Text] | None = None

    def metadata(self) -> Metadata:
        words = self.validation.split()
        kinds = {self.type, *words[1:]} - {"score"}
        limits = self.limits or _LegacyLimits()
        names = self.name or {}
        return Metadata(
            format=self.problem_format_version,
            titles={"": names} if isinstance(names, str) else names,
            uuid=self.uuid or "",
            authors=authors_of_text(self.author or ""),
            source=self.source or "",
            license=self.license or "unknown",
            rights_owner=self.rights_owner or self.author or self.source or "",
            limits=limits.declared(limits.time_multiplier),
            kinds=frozenset(kinds),
            passes=limits.validation_passes if "multi-pass" in kinds else 1,
            validator_scores="score" in words or bool(self.grading and self.grading.custom_scoring),
            custom_validator=words[0] == "custom",
            validator_flags=flags_of(self.validator_flags),
            keywords=_keywords(self.keywords),
            grading=self.grading,
        )


class CurrentProblem(Document):
    """problem.yaml of 2025-09."""

    problem_format_version: str
    type: ProblemKind | Annotated[list[ProblemKind], Field(min_length=1)] = "pass-fail"
    name: Name | Annotated[dict[LanguageCode, Name], Field(min_length=1)]
    uuid: Text | None = None
    version: Text | int | float | None = None
    credits: Text | Credits | None = None
    source: Text | Source | list[Text | Source] | None = None
    license: License = "unknown"
    rights_owner: Text | None = None
    embargo_until: Any = None
    limits: _CurrentLimits = Field(default_factory=_CurrentLimits)
    keywords: list[Text] | Text | None = None
    languages: Literal["all"] | Annotated[list[Text], Field(min_length=1)] = "all"
    allow_file_writing: bool = False
    constants: dict[Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")], Constant] = Field(
        default_factory=dict
    )

    @property
    def kinds(self) -> frozenset[str]:
        """The types, pass-fail where they do not say scoring."""
        said = {self.type} if isinstance(self.type, str) else {*self.type}
        return frozenset(said if "scoring" in said else said | {"pass-fail"})

    def metadata(self) -> Metadata:
        authors = people_of(self.credits.authors if isinstance(self.credits, Credits) else self.credits)
        source = ", ".join(people_of(self.source))
        return Metadata(
            format=self.problem_format_version,
            titles={"en": self.name} if isinstance(self.name, str) else self.name,
            uuid=self.uuid or "",
            authors=authors,
            source=source,
            license=self.license,
            rights_owner=self.rights_owner or ", ".join(authors) or source,
            limits=self.limits.declared(self.limits.time_multipliers.ac_to_time_limit),
            kinds=self.kinds,
            passes=self.limits.validation_passes if "multi-pass" in self.kinds else 1,
            validator_scores=True,
            keywords=_keywords(self.keywords),
            languages=() if self.languages == "all" else tuple(self.languages),
            constants={name: str(value) for name, value in self.constants.items()},
        )


def flags_of(value: object) -> tuple[str, ...]:
    """Command-line flags, given as text (legacy) or as a list (2025-09)."""
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(str(flag) for flag in value)
    try:
        return tuple(shlex.split(str(value)))
    except ValueError:
        return tuple(str(value).split())


def _keywords(value: str | list[str] | None) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value or []
    return tuple(dict.fromkeys(word.strip(",") for word in words if word.strip(",")))
