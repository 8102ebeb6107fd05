"""What the LaTeX renderer asks of parsed nodes, and how it puts pieces of HTML together."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexCharsNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexSpecialsNode,
)

from services.problem.latex_spec import DROPPED, DROPPED_WITH_ARGUMENT

PARAGRAPH = "\n\n"
"""The piece of HTML that ends a paragraph."""
MISSING: list[Any] = [None, None, None]
"""As many as any command here takes."""
BLOCK_START = re.compile(r"<(?:p|h[1-6]|ul|ol|dl|table|pre|div|figure|blockquote|hr)\b")


def paragraphs(pieces: Iterator[str]) -> Iterator[list[str]]:
    """The pieces between blank lines and around blocks."""
    run: list[str] = []
    for piece in pieces:
        if piece == PARAGRAPH:
            yield run
            run = []
        else:
            run.append(piece)
    yield run


def as_block(html: str) -> Iterator[str]:
    yield from (PARAGRAPH, html, PARAGRAPH)


def wrapped(pieces: Iterator[str], tag: str) -> Iterator[str]:
    """Each run of text within the element, blocks and blank lines outside."""
    for number, run in enumerate(paragraphs(pieces)):
        if number:
            yield PARAGRAPH
        text = "".join(run)
        yield text if not text.strip() or BLOCK_START.match(text) else element(tag, text)


def element(tag: str, html: str) -> str:
    if not tag:
        return html
    name, _, attributes = tag.partition(" ")
    return f"<{name}{' ' if attributes else ''}{attributes}>{html}</{name}>"


def arguments_of(node: Any) -> list[Any]:
    """The arguments, None for one that is not there: an optional one, or any where the source breaks off."""
    arguments = node.nodeargd
    if arguments is None:
        return MISSING.copy()
    verbatim = getattr(arguments, "verbatim_chars_node", None)
    return [verbatim] if verbatim is not None else list(arguments.argnlist or MISSING)


def argument_nodes(argument: Any) -> list[Any]:
    if argument is None:
        return []
    return list(argument.nodelist) if isinstance(argument, LatexGroupNode) else [argument]


def source_text(argument: Any) -> str:
    """The argument's source without its braces and escapes: an address, a file name, a number."""
    if argument is None:
        return ""
    source = argument.latex_verbatim()
    if isinstance(argument, LatexGroupNode):
        source = source[1:-1]
    return re.sub(r"\\([%#&_{}~])", r"\1", source).strip()


def anchor(argument: Any) -> str:
    return "ref-" + re.sub(r"[^A-Za-z0-9:_.-]", "-", source_text(argument))


def formula_source(node: Any) -> str:
    """A display environment as the converter knows it: numbered equations are plain formulas."""
    source: str = node.latex_verbatim()
    name = node.environmentname
    if name.rstrip("*") in ("equation", "displaymath", "math"):
        return source.removeprefix(f"\\begin{{{name}}}").removesuffix(f"\\end{{{name}}}")
    return source


def split_items(nodes: Sequence[Any]) -> list[tuple[Any, list[Any]]]:
    r"""The label (or None) and the content of each \item."""
    items: list[tuple[Any, list[Any]]] = []
    for node in nodes:
        if isinstance(node, LatexMacroNode) and node.macroname == "item":
            items.append((arguments_of(node)[0], []))
        elif items:
            items[-1][1].append(node)
    return items


def split_rows(nodes: Sequence[Any]) -> list[list[list[Any]]]:
    r"""Rows of cells of nodes; rules between rows are dropped, and so is what is empty after the last \\."""
    rows: list[list[list[Any]]] = [[[]]]
    for node in nodes:
        if isinstance(node, LatexMacroNode) and node.macroname in ("\\", "tabularnewline"):
            rows.append([[]])
        elif isinstance(node, LatexSpecialsNode) and node.specials_chars == "&":
            rows[-1].append([])
        elif not (isinstance(node, LatexMacroNode) and node.macroname in DROPPED | DROPPED_WITH_ARGUMENT):
            rows[-1][-1].append(node)
    return [row for row in rows if len(row) > 1 or any(not _blank(node) for node in row[0])]


def _blank(node: Any) -> bool:
    return isinstance(node, LatexCharsNode) and not node.chars.strip()
