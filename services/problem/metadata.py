"""What problem.yaml says, in the legacy formats and in 2025-09 (and its drafts), as one record.

Source: the Kattis problem package format, https://www.kattis.com/problem-package-format/spec/.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.problem.limits import MAX_TIME_SECONDS, DeclaredLimits

LEGACY_FORMATS = ("legacy", "legacy-icpc")
CURRENT_FORMAT = "2025-09"
DRAFTS = ("2023-07", "2023-07-draft", "2025-09-draft", "draft")

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
License = Literal["unknown", "public domain", "cc0", "cc by", "cc by-sa", "educational", "permission"]
ProblemKind = Literal["pass-fail", "scoring", "multi-pass", "interactive", "submit-answer"]
Constant = str | int | float


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
    custom_validator: bool | None = None
    """None where the package's files decide (2025-09)."""
    validator_flags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    """The languages allowed, by the format's codes; empty for all."""
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def legacy(self) -> bool:
        return self.format in LEGACY_FORMATS


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)


class _LimitsDocument(_Document):
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
    time_multiplier: float = Field(default=5.0, ge=1, le=100)
    time_safety_margin: float = Field(default=2.0, ge=1, le=100)


class _Multipliers(_Document):
    ac_to_time_limit: float = Field(default=2.0, ge=1, le=100)
    time_limit_to_tle: float = Field(default=1.5, ge=1, le=100)


class _CurrentLimits(_LimitsDocument):
    time_multipliers: _Multipliers = Field(default_factory=_Multipliers)
    validation_passes: int = Field(default=2, ge=2)


class _Person(_Document):
    name: Name
    email: Text = ""
    orcid: Text = ""
    kattis: Text = ""


class _Source(_Document):
    name: Name
    url: Text | None = None


People = Text | _Person | list[Text | _Person]


class _Credits(_Document):
    authors: People = Field(default_factory=list)
    contributors: People = Field(default_factory=list)
    testers: People = Field(default_factory=list)
    packagers: People = Field(default_factory=list)
    acknowledgements: People = Field(default_factory=list)
    translators: dict[str, People] = Field(default_factory=dict)


class LegacyProblem(_Document):
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
    grading: dict[str, Any] | None = None
    keywords: Text | list[Text] | None = None

    def metadata(self) -> Metadata:
        words = self.validation.split()
        kinds = {self.type, *(("scoring" if word == "score" else word) for word in words[1:])}
        limits = self.limits or _LegacyLimits()
        names = self.name or {}
        return Metadata(
            format=self.problem_format_version,
            titles={"": names} if isinstance(names, str) else names,
            uuid=self.uuid or "",
            authors=_authors_of_text(self.author or ""),
            source=self.source or "",
            license=self.license or "unknown",
            rights_owner=self.rights_owner or self.author or self.source or "",
            limits=limits.declared(limits.time_multiplier),
            kinds=frozenset(kinds),
            custom_validator=words[0] == "custom",
            validator_flags=flags_of(self.validator_flags),
            keywords=_keywords(self.keywords),
        )


class CurrentProblem(_Document):
    """problem.yaml of 2025-09."""

    problem_format_version: str
    type: ProblemKind | Annotated[list[ProblemKind], Field(min_length=1)] = "pass-fail"
    name: Name | Annotated[dict[LanguageCode, Name], Field(min_length=1)]
    uuid: Text | None = None
    version: Text | int | float | None = None
    credits: Text | _Credits | None = None
    source: Text | _Source | list[Text | _Source] | None = None
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

    def metadata(self) -> Metadata:
        authors = _people(self.credits.authors if isinstance(self.credits, _Credits) else self.credits)
        source = ", ".join(_people(self.source))
        kinds = [self.type] if isinstance(self.type, str) else self.type
        return Metadata(
            format=self.problem_format_version,
            titles={"en": self.name} if isinstance(self.name, str) else self.name,
            uuid=self.uuid or "",
            authors=authors,
            source=source,
            license=self.license,
            rights_owner=self.rights_owner or ", ".join(authors) or source,
            limits=self.limits.declared(self.limits.time_multipliers.ac_to_time_limit),
            kinds=frozenset(kinds),
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


def _authors_of_text(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in re.split(r",|\band\b", text) if name.strip())


def _people(value: Any) -> tuple[str, ...]:
    """Names, without the addresses that the format allows after them."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    names = (item if isinstance(item, str) else item.name for item in items)
    return tuple(name for name in (re.sub(r"\s*<[^>]*>\s*$", "", name).strip() for name in names) if name)


def _keywords(value: str | list[str] | None) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value or []
    return tuple(dict.fromkeys(word.strip(",") for word in words if word.strip(",")))
