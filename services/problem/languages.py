"""The programming languages of a package's programs, by their files."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

BY_EXTENSION: Final[Mapping[str, str]] = {
    "C": "cpp",
    "c": "c",
    "c++": "cpp",
    "cc": "cpp",
    "cpp": "cpp",
    "cs": "csharp",
    "ctd": "checktestdata",
    "cxx": "cpp",
    "go": "go",
    "hs": "haskell",
    "java": "java",
    "js": "javascript",
    "kt": "kotlin",
    "lisp": "lisp",
    "lua": "lua",
    "ml": "ocaml",
    "pas": "pascal",
    "php": "php",
    "pl": "perl",
    "pm": "perl",
    "pp": "pascal",
    "py": "python3",
    "py2": "python2",
    "py3": "python3",
    "rb": "ruby",
    "rs": "rust",
    "scala": "scala",
    "ts": "typescript",
    "viva": "viva",
}
"""Identifiers by the extension of a file; some are of languages that are not judged here."""

UNJUDGED: Final = frozenset({"checktestdata", "lisp", "prolog", "python2", "viva"})

SCRIPT: Final = "script"
"""The language of validators that come with a `build` or `run` of their own."""


def language_of(names: Iterable[str]) -> str:
    """The one language of these files; empty where none or several are known. C beside C++ is C++."""
    found = {by_extension(name) for name in names} - {""}
    if found == {"c", "cpp"}:
        return "cpp"
    return found.pop() if len(found) == 1 else ""


def by_extension(name: str) -> str:
    return BY_EXTENSION.get(PurePosixPath(name).suffix.removeprefix("."), "")


def told_by_content(language: str, content: bytes) -> str:
    """The language where an extension stands for two: Python 2 says so in its first line, Prolog has directives."""
    if language == "python3" and re.match(rb"#!.*python2", content):
        return "python2"
    if language == "perl" and re.search(rb"^[^#\n\"']*:-", content, re.MULTILINE):
        return "prolog"
    return language
