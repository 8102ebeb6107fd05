"""Formulas: TeX to MathML, and to their own source where that fails."""

import html
from xml.etree.ElementTree import tostring

from latex2mathml.converter import Converter

MAX_FORMULA = 4096
"""Characters. Formulas in statements have some dozens; the converter's time grows faster than its input."""
MAX_NESTING = 40
DEFINITIONS = ("\\def", "\\newcommand", "\\renewcommand", "\\let", "\\edef", "\\gdef")


def mathml(tex: str, *, display: bool) -> str:
    """A <math> element, or the escaped source in <code class="math">. Never raises, takes bounded time."""
    tex = tex.strip()
    if len(tex) > MAX_FORMULA or _nesting(tex) > MAX_NESTING or any(name in tex for name in DEFINITIONS):
        return _source(tex)
    try:
        element = Converter(display="block" if display else "inline").convert_to_element(tex)
    except Exception:  # noqa: BLE001 - the converter raises anything on TeX that it doesn't know
        return _source(tex)
    for node in element.iter():
        # The converter writes entities into text, and unescapes its whole output, which would let tags through.
        node.text = html.unescape(node.text) if node.text else None
    element.attrib.pop("xmlns", None)
    return tostring(element, encoding="unicode")


def _source(tex: str) -> str:
    return f'<code class="math">{html.escape(tex)}</code>'


def _nesting(tex: str) -> int:
    """How deep braces and their like go; an upper bound, since some of them may be escaped."""
    depth = deepest = 0
    for character in tex.replace("\\left", "{").replace("\\right", "}").replace("\\begin", "{").replace("\\end", "}"):
        depth += (character in "{^_") - (character == "}")
        if character in "{}":
            deepest = max(deepest, depth)
        elif character not in "^_":
            depth = max(depth, 0)
    return max(deepest, _longest_run(tex))


def _longest_run(tex: str) -> int:
    r"""Commands that take the next command as an argument nest without braces: \sqrt\sqrt\sqrt x."""
    longest = run = 0
    for piece in tex.split("\\")[1:]:
        run = run + 1 if piece.strip().isalpha() else 0
        longest = max(longest, run)
    return longest // 4
