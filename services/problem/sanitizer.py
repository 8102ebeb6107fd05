"""The last step of every statement: HTML in which nothing runs, nothing loads, and nothing leaves its place."""

import re
from collections.abc import Callable

import nh3

from services.problem.words import words

TAGS = words(
    "a abbr b blockquote br caption center code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins "
    "kbd li ol p pre q s samp section small span strong sub sup table tbody td tfoot th thead tr tt u ul var"
)
MATH_TAGS = words(
    "math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt "
    "mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none"
)
MATH_ATTRIBUTES = words(
    "accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height "
    "linethickness lspace mathvariant maxsize minsize movablelimits notation rowalign rowlines rowspacing rowspan "
    "rspace scriptlevel separator stretchy symmetric voffset width"
)
ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "img": {"src", "alt", "title", "width"},
    "li": {"id", "value"},
    "ol": {"start"},
    "span": {"id"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    **dict.fromkeys(MATH_TAGS, MATH_ATTRIBUTES),
}
CLASSES = {
    "code": {"math"},
    "div": {"sample", "illustration", "center"},
    "pre": {"sample-input", "sample-answer"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
    "span": {"smallcaps"},
    "table": {"sample"},
}
OWN_ID = re.compile(r"(fn|fnref|ref-)[A-Za-z0-9:_.-]*")
DATA_IMAGE = "data:image/"


def clean(html: str, image: Callable[[str], str | None]) -> str:
    """The statement's HTML, safe; ``image`` turns an image's name into a data: URI, or None to leave it out."""

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return value if value.startswith(DATA_IMAGE) else image(value)
        if attribute == "href" and not re.match(r"(https?://|mailto:|#)", value, re.IGNORECASE):
            return None
        if attribute == "id" and not OWN_ID.fullmatch(value):
            return None
        return value

    return nh3.clean(
        html,
        tags=TAGS | MATH_TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=allowed,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel="noopener noreferrer nofollow",
    )
