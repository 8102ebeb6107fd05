"""Statements in LaTeX: the subset that packages use, to HTML. What is unknown degrades to its text, with a warning.

pylatexenc parses; nothing is ever run, read or included. The output is not sanitised yet.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexMacroNode,
    LatexWalker,
    LatexWalkerParseError,
)

from services.problem.findings import Findings
from services.problem.latex_commands import Commands
from services.problem.latex_macros import MacroBombError, expand_macros
from services.problem.latex_nodes import (
    PARAGRAPH,
    argument_nodes,
    arguments_of,
    as_block,
    formula_source,
    source_text,
    split_items,
    split_rows,
)
from services.problem.latex_spec import (
    CONTEXT,
    FORBIDDEN,
    MATH_ENVIRONMENTS,
    SECTION_ENVIRONMENTS,
    TRANSPARENT_ENVIRONMENTS,
)
from services.problem.mathml import mathml
from services.problem.sample_blocks import SampleBlocks

MAX_NESTING = 30
"""Of braces and environments. Real statements stay below ten; Python's stack allows some more than this."""


def render_latex(source: str, file: str, samples: SampleBlocks, findings: Findings) -> str:
    """HTML of the statement; an error is noted where it may not or cannot be rendered."""
    try:
        # The empty group is for pylatexenc, whose \verb reads past the end of the text.
        expanded = expand_macros(source) + "\n{}"
    except MacroBombError:
        findings.error(file, "its macros expand without end, or an argument has no end; write them out")
        return ""
    if (name := _forbidden(expanded)) is not None:
        findings.error(file, f"uses \\{name}, which may read or run things; remove it")
        return ""
    if _nesting(expanded) > MAX_NESTING:
        findings.error(file, f"nests braces or environments more than {MAX_NESTING} deep; make it flatter")
        return ""
    try:
        return _Renderer(expanded, file, samples, findings).render()
    except RecursionError:
        findings.error(file, "is nested too deeply; make it flatter")
        return ""


def _forbidden(source: str) -> str | None:
    names = re.findall(
        r"\\([A-Za-z]+)", re.sub(r"\\begin\{(verbatim|lstlisting)\}.*?(\\end\{\1\}|\Z)", "", source, flags=re.DOTALL)
    )
    return next((name for name in names if name in FORBIDDEN), None)


def _nesting(source: str) -> int:
    depth = deepest = 0
    for match in re.finditer(r"\\begin(?![A-Za-z])|\\end(?![A-Za-z])|\\[\[\](]|\\\)|\\.|[{}]", source, re.DOTALL):
        depth += 1 if match[0] in ("\\begin", "{", "\\[", "\\(") else 0
        depth -= 1 if match[0] in ("\\end", "}", "\\]", "\\)") else 0
        deepest = max(deepest, depth)
    return deepest


class _Renderer(Commands):
    """Commands with environments: ``_environment_<name>`` makes a block of one."""

    def render(self) -> str:
        html = self.flow(self._parsed())
        if self._footnotes:
            items = "".join(f'<li id="fn{number}">{note}</li>' for number, note in enumerate(self._footnotes, 1))
            html += f'\n<section class="footnotes"><ol>{items}</ol></section>'
        return html

    def _parsed(self) -> Sequence[Any]:
        try:
            walker = LatexWalker(self._source, latex_context=CONTEXT, tolerant_parsing=False)
            return walker.get_latex_nodes()[0]  # type: ignore[no-any-return]
        except LatexWalkerParseError as error:
            self._findings.warn(self._file, f"is not quite LaTeX: {error.msg[:200]}; it may look wrong")
        walker = LatexWalker(self._source, latex_context=CONTEXT, tolerant_parsing=True)
        return walker.get_latex_nodes()[0]  # type: ignore[no-any-return]

    def _environment(self, node: Any) -> Iterator[str]:
        name = node.environmentname
        if name.rstrip("*") in MATH_ENVIRONMENTS:
            yield from as_block(f"<div>{mathml(formula_source(node), display=True)}</div>")
        elif name in SECTION_ENVIRONMENTS:
            yield from as_block(f"<h2>{name}</h2>")
            yield from as_block(self.flow(node.nodelist))
        elif (handler := getattr(self, f"_environment_{name.rstrip('*')}", None)) is not None:
            yield from as_block(handler(node))
        else:
            if name not in TRANSPARENT_ENVIRONMENTS:
                self._findings.warn(self._file, f"the environment {name} is not known; its content is shown as text")
            yield from as_block(self.flow(node.nodelist))

    def _environment_verbatim(self, node: Any) -> str:
        text = getattr(node.nodeargd, "verbatim_text", None) or ""
        return f"<pre>{escape(text.removeprefix(PARAGRAPH[:1]), quote=False)}</pre>"

    _environment_lstlisting = _environment_verbatim

    def _environment_quote(self, node: Any) -> str:
        return f"<blockquote>{self.flow(node.nodelist)}</blockquote>"

    _environment_quotation = _environment_verse = _environment_quote

    def _environment_center(self, node: Any) -> str:
        return f'<div class="center">{self.flow(node.nodelist)}</div>'

    def _environment_figure(self, node: Any) -> str:
        return f"<figure>{self.inline(node.nodelist)}</figure>"

    _environment_wrapfigure = _environment_table = _environment_figure

    def _environment_itemize(self, node: Any) -> str:
        return f"<ul>{self._items(node)}</ul>"

    def _environment_enumerate(self, node: Any) -> str:
        return f"<ol>{self._items(node)}</ol>"

    def _environment_description(self, node: Any) -> str:
        rows = (
            f"<dt>{self.inline(argument_nodes(label)) if label else ''}</dt><dd>{self.flow(nodes)}</dd>"
            for label, nodes in split_items(node.nodelist)
        )
        return f"<dl>{''.join(rows)}</dl>"

    def _items(self, node: Any) -> str:
        return "".join(f"<li>{self._item(label, nodes)}</li>" for label, nodes in split_items(node.nodelist))

    def _item(self, label: Any, nodes: list[Any]) -> str:
        html = self.flow(nodes)
        html = html[3:-4] if html.startswith("<p>") and html.count("<p>") == 1 and html.endswith("</p>") else html
        return f"{self.inline(argument_nodes(label))} {html}" if label else html

    def _environment_tabular(self, node: Any) -> str:
        rows = [self._row(cells) for cells in split_rows(node.nodelist)]
        return f"<table><tbody>{''.join(rows)}</tbody></table>"

    _environment_tabularx = _environment_tabulary = _environment_longtable = _environment_array = _environment_tabular

    def _row(self, cells: list[list[Any]]) -> str:
        return f"<tr>{''.join(self._cell(nodes) for nodes in cells)}</tr>"

    def _cell(self, nodes: list[Any]) -> str:
        spans = {"multicolumn": "colspan", "multirow": "rowspan"}
        for node in nodes:
            if isinstance(node, LatexMacroNode) and node.macroname in spans:
                arguments = arguments_of(node)
                count = re.sub(r"\D", "", source_text(arguments[0]))[:2] or "1"
                return f'<td {spans[node.macroname]}="{count}">{self.inline(argument_nodes(arguments[-1]))}</td>'
        return f"<td>{self.inline(nodes).strip()}</td>"
