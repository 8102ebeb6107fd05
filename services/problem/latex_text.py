"""Statements in LaTeX: running text, with formulas, groups and switches of style."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexCharsNode,
    LatexEnvironmentNode,
    LatexGroupNode,
    LatexMacroNode,
    LatexMathNode,
    LatexSpecialsNode,
)

from services.problem.findings import Findings
from services.problem.latex_nodes import (
    BLOCK_START,
    PARAGRAPH,
    paragraphs,
    wrapped,
)
from services.problem.latex_spec import (
    SPECIALS,
    SWITCHES,
)
from services.problem.mathml import mathml
from services.problem.sample_blocks import SampleBlocks

BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")


def _text_and_breaks(characters: str) -> Iterator[str]:
    for number, text in enumerate(BLANK_LINE.split(characters)):
        if number:
            yield PARAGRAPH
        yield escape(text, quote=False)


class Text(ABC):
    """Walks the parsed statement. ``flow`` makes blocks, ``inline`` makes what stands within one."""

    def __init__(self, source: str, file: str, samples: SampleBlocks, findings: Findings) -> None:
        self._source = source
        self._file = file
        self._samples = samples
        self._findings = findings
        self._footnotes: list[str] = []

    def flow(self, nodes: Sequence[Any]) -> str:
        """Paragraphs and blocks: a blank line ends a paragraph, and so does a block."""
        blocks: list[str] = []
        for run in paragraphs(self._pieces(nodes)):
            text = "".join(run).strip()
            if text:
                blocks.append(text if BLOCK_START.match(text) else f"<p>{text}</p>")
        return "\n".join(blocks)

    def inline(self, nodes: Sequence[Any]) -> str:
        return " ".join("".join(run) for run in paragraphs(self._pieces(nodes)))

    def _pieces(self, nodes: Sequence[Any]) -> Iterator[str]:
        for index, node in enumerate(nodes):
            if isinstance(node, LatexMacroNode) and node.macroname in SWITCHES:
                tag = SWITCHES[node.macroname]
                rest = self._pieces(nodes[index + 1 :])
                yield from wrapped(rest, tag) if tag else rest
                return
            yield from self._node(node)

    def _node(self, node: Any) -> Iterator[str]:
        match node:
            case LatexCharsNode():
                yield from _text_and_breaks(node.chars)
            case LatexSpecialsNode():
                yield SPECIALS.get(node.specials_chars, escape(node.specials_chars))
            case LatexGroupNode():
                yield from self._pieces(node.nodelist)
            case LatexMathNode():
                yield self._math(node)
            case LatexEnvironmentNode():
                yield from self._environment(node)
            case LatexMacroNode():
                yield from self._macro(node)

    def _math(self, node: Any) -> str:
        tex = node.latex_verbatim()
        opening, closing = node.delimiters
        tex = tex.removeprefix(opening).removesuffix(closing)
        return mathml(tex, display=node.displaytype == "display")

    @abstractmethod
    def _macro(self, node: Any) -> Iterator[str]:
        """What a command stands for."""

    @abstractmethod
    def _environment(self, node: Any) -> Iterator[str]:
        """What stands for an environment."""
