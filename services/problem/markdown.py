"""Statements in Markdown: CommonMark with tables, footnotes and formulas, as 2025-09 asks for."""

import re
from collections.abc import Callable, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from services.problem.mathml import mathml
from services.problem.sample_blocks import SampleBlocks

SAMPLE_LINE = re.compile(r"^[ \t]*\{\{(nextsample|remainingsamples)\}\}[ \t]*$", re.MULTILINE)
CONSTANT = re.compile(r"\{\{([a-zA-Z_][a-zA-Z0-9_]*)\}\}")


def render_markdown(source: str, samples: SampleBlocks, constants: Mapping[str, str]) -> str:
    """HTML that is not safe yet: raw HTML in the source is still in it."""
    source = CONSTANT.sub(lambda match: constants.get(match[1], match[0]), source)
    # A paragraph of its own, so that the block is none within a paragraph.
    source = SAMPLE_LINE.sub(lambda match: f"\n\n{match[0].strip()}\n\n", source)
    return _with_samples(_parser().render(source), samples)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_labels=False, double_inline=True).use(footnote_plugin)
    for token, display in (("math_inline", False), ("math_inline_double", True), ("math_block", True)):
        parser.add_render_rule(token, _formula_rule(display=display))
    return parser


def _formula_rule(*, display: bool) -> Callable[..., str]:
    """The plugin's own rules put each formula into an element of its own, with classes."""

    def rule(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
        return mathml(tokens[index].content, display=display)

    return rule


def _with_samples(html: str, samples: SampleBlocks) -> str:
    blocks: dict[str, Callable[[], str]] = {"nextsample": samples.next, "remainingsamples": samples.remaining}
    pattern = r"<p>\{\{(nextsample|remainingsamples)\}\}</p>"
    return re.sub(pattern, lambda match: blocks[match[1]](), html)
