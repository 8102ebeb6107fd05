"""The Markdown files of the repository, and what is in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_ELSEWHERE = {"third_party", "node_modules", "dist", "build"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    path: Path
    text: str

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Blocks of code, each with the name of its language."""
        return [(match[1], match[2]) for match in _FENCE.finditer(self.text)]

    @property
    def commands(self) -> list[str]:
        """What looks like code: inline code, and the lines of blocks; a line that ends in a backslash goes on."""
        lines = [line for _, block in self.blocks for line in block.replace("\\\n", " ").splitlines()]
        return [*_INLINE.findall(self.prose), *lines]

    @property
    def links(self) -> list[str]:
        """The targets of links to files and headings of this repository."""
        prose = _INLINE.sub("", self.prose)
        return [target for target in _LINK.findall(prose) if not re.match(r"[a-z]+:", target)]

    @property
    def anchors(self) -> set[str]:
        """What a link may name after `#`: headings in lower case, with hyphens."""
        headings = _HEADING.findall(self.prose)
        return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def documents() -> list[Document]:
    return [Document(path, path.read_text()) for path in sorted(_paths(ROOT))]


def document(name: str) -> Document:
    return Document(ROOT / name, (ROOT / name).read_text())


def _paths(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in _ELSEWHERE:
            yield from _paths(path)
        elif path.suffix == ".md":
            yield path
