"""Who made a problem, and where it was used first, as problem.yaml says it."""

import re
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from services.problem.documents import Document

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Person(Document):
    name: Name
    email: Text = ""
    orcid: Text = ""
    kattis: Text = ""


class Source(Document):
    name: Name
    url: Text | None = None


People = Text | Person | list[Text | Person]


class Credits(Document):
    authors: People = Field(default_factory=list)
    contributors: People = Field(default_factory=list)
    testers: People = Field(default_factory=list)
    packagers: People = Field(default_factory=list)
    acknowledgements: People = Field(default_factory=list)
    translators: dict[str, People] = Field(default_factory=dict)


def authors_of_text(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in re.split(r",|\band\b", text) if name.strip())


def people_of(value: Any) -> tuple[str, ...]:
    """Names, without the addresses that the format allows after them."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    names = (item if isinstance(item, str) else item.name for item in items)
    return tuple(name for name in (re.sub(r"\s*<[^>]*>\s*$", "", name).strip() for name in names) if name)
