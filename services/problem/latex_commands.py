"""Statements in LaTeX: the commands that are known."""

from collections.abc import Iterator
from html import escape
from typing import Any

from services.problem.latex_nodes import (
    PARAGRAPH,
    anchor,
    argument_nodes,
    arguments_of,
    as_block,
    element,
    source_text,
)
from services.problem.latex_spec import (
    ACCENTS,
    DROPPED,
    DROPPED_WITH_ARGUMENT,
    SECTIONS,
    SYMBOLS,
    WRAPPERS,
)
from services.problem.latex_text import Text
from services.problem.mathml import mathml


class Commands(Text):
    """Text with its commands: ``_macro_<name>`` makes pieces of the arguments."""

    def _macro(self, node: Any) -> Iterator[str]:
        name = node.macroname
        arguments = arguments_of(node)
        if name in WRAPPERS:
            yield element(WRAPPERS[name], self.inline(argument_nodes(arguments[-1])))
        elif name in SECTIONS:
            yield from as_block(f"<{SECTIONS[name]}>{self.inline(argument_nodes(arguments[-1]))}</{SECTIONS[name]}>")
        elif name in SYMBOLS:
            yield SYMBOLS[name]
        elif name in ACCENTS:
            yield self._accent(name, arguments)
        elif (handler := getattr(self, f"_macro_{name}", None)) is not None:
            yield from handler(arguments)
        elif name not in DROPPED and name not in DROPPED_WITH_ARGUMENT:
            self._findings.warn(self._file, f"\\{name} is not known; its arguments are shown as text")

    def _accent(self, name: str, arguments: list[Any]) -> str:
        base = self.inline(argument_nodes(arguments[-1]))
        return base[:1] + ACCENTS[name] + base[1:]

    def _macro_par(self, _: list[Any]) -> Iterator[str]:
        yield PARAGRAPH

    def _macro_verb(self, arguments: list[Any]) -> Iterator[str]:
        text = getattr(arguments[0], "chars", "")
        yield f"<code>{escape(text)}</code>"

    _macro_lstinline = _macro_verb

    def _macro_url(self, arguments: list[Any]) -> Iterator[str]:
        address = escape(source_text(arguments[-1]))
        yield f'<a href="{address}">{address}</a>'

    def _macro_href(self, arguments: list[Any]) -> Iterator[str]:
        yield f'<a href="{escape(source_text(arguments[-2]))}">{self.inline(argument_nodes(arguments[-1]))}</a>'

    def _macro_footnote(self, arguments: list[Any]) -> Iterator[str]:
        self._footnotes.append(self.inline(argument_nodes(arguments[-1])))
        number = len(self._footnotes)
        yield f'<sup class="footnote-ref"><a href="#fn{number}">[{number}]</a></sup>'

    def _macro_label(self, arguments: list[Any]) -> Iterator[str]:
        yield f'<span id="{anchor(arguments[-1])}"></span>'

    def _macro_ref(self, arguments: list[Any]) -> Iterator[str]:
        yield f'<a href="#{anchor(arguments[-1])}">{escape(source_text(arguments[-1]))}</a>'

    _macro_autoref = _macro_eqref = _macro_cref = _macro_Cref = _macro_ref  # noqa: N815 - LaTeX's name

    def _macro_includegraphics(self, arguments: list[Any]) -> Iterator[str]:
        yield f'<img src="{escape(source_text(arguments[-1]))}" alt="">'

    def _macro_illustration(self, arguments: list[Any]) -> Iterator[str]:
        caption = self.inline(argument_nodes(arguments[2]))
        image = f'<img src="{escape(source_text(arguments[1]))}" alt="">'
        yield from as_block(f"<figure>{image}<figcaption>{caption}</figcaption></figure>")

    def _macro_caption(self, arguments: list[Any]) -> Iterator[str]:
        yield f"<figcaption>{self.inline(argument_nodes(arguments[-1]))}</figcaption>"

    def _macro_epigraph(self, arguments: list[Any]) -> Iterator[str]:
        quote, source = (self.inline(argument_nodes(argument)) for argument in arguments[:2])
        yield from as_block(f"<blockquote><p>{quote}</p><p>{source}</p></blockquote>")

    def _macro_num(self, arguments: list[Any]) -> Iterator[str]:
        yield mathml(
            source_text(arguments[-1]).replace("e", r" \cdot 10^{") + "}" * ("e" in source_text(arguments[-1])),
            display=False,
        )

    def _macro_SI(self, arguments: list[Any]) -> Iterator[str]:  # noqa: N802 - LaTeX's name
        yield f"{escape(source_text(arguments[-2]))}\u00a0{self.inline(argument_nodes(arguments[-1]))}"

    def _macro_nextsample(self, _: list[Any]) -> Iterator[str]:
        yield from as_block(self._samples.next())

    def _macro_remainingsamples(self, _: list[Any]) -> Iterator[str]:
        yield from as_block(self._samples.remaining())
