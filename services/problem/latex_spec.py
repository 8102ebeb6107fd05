"""The LaTeX that statements may use: which commands there are, their arguments, and what each stands for."""

from typing import Any

from pylatexenc.latexwalker import LatexCharsNode, LatexWalkerParseError  # type: ignore[import-untyped]
from pylatexenc.macrospec import (  # type: ignore[import-untyped]
    EnvironmentSpec,
    LatexContextDb,
    MacroSpec,
    ParsedVerbatimArgs,
    SpecialsSpec,
    VerbatimArgsParser,
    std_environment,
    std_macro,
)

from services.problem.words import words

WRAPPERS = {
    "textbf": "strong", "emph": "em", "textit": "em", "textsl": "em", "texttt": "code", "t": "code", "underline": "u",
    "uline": "u", "sout": "s", "textsc": 'span class="smallcaps"', "textsuperscript": "sup", "textsubscript": "sub",
    "textrm": "", "textsf": "", "textup": "", "textmd": "", "textnormal": "", "text": "", "mbox": "", "fbox": "",
    "hbox": "", "makebox": "", "parbox": "", "raisebox": "", "textcolor": "", "colorbox": "", "centerline": "",
    "enquote": "q", "mathrm": "", "ensuremath": "", "thanks": "", "lowercase": "", "uppercase": "",
}  # fmt: skip
"""Commands whose last argument is text: the element around it, or none."""

SWITCHES = {
    "bf": "strong", "bfseries": "strong", "it": "em", "itshape": "em", "em": "em", "sl": "em", "slshape": "em",
    "tt": "code", "ttfamily": "code", "sc": 'span class="smallcaps"', "scshape": 'span class="smallcaps"', "rm": "",
    "rmfamily": "", "sf": "", "sffamily": "", "normalfont": "", "tiny": "", "scriptsize": "small",
    "footnotesize": "small", "small": "small", "normalsize": "", "large": "", "Large": "", "LARGE": "", "huge": "",
    "Huge": "",
}  # fmt: skip
"""Commands that change all text up to the end of their group."""

SECTIONS = {
    "section": "h2", "subsection": "h3", "subsubsection": "h4", "paragraph": "h4", "subparagraph": "h5",
    "chapter": "h2",
}  # fmt: skip

SECTION_ENVIRONMENTS = frozenset({"Input", "Output", "Interaction"})
"""Provided by the format's document class: a section of that name."""

SYMBOLS = {
    "%": "%", "$": "$", "&": "&amp;", "#": "#", "_": "_", "{": "{", "}": "}", " ": " ", "\n": " ", ",": "\u2009",
    ";": "\u2005", ":": "\u2005", "!": "", "-": "\u00ad", "/": "", "@": "", "\\": "<br>", "newline": "<br>",
    "linebreak": "<br>", "tabularnewline": "<br>", "ldots": "…", "dots": "…", "textellipsis": "…",
    "textbackslash": "\\",
    "textasciitilde": "~", "textasciicircum": "^", "textless": "&lt;", "textgreater": "&gt;", "textbar": "|",
    "textquotedbl": "&quot;", "textquotesingle": "'", "textendash": "–", "textemdash": "—", "textdegree": "°",
    "textunderscore": "_", "textasteriskcentered": "*", "slash": "/", "degree": "°", "copyright": "©", "pounds": "£",
    "euro": "€", "EUR": "€", "S": "§", "P": "¶", "dag": "†", "ddag": "‡", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł", "ss": "ß", "i": "ı", "j": "ȷ", "quad": "\u2003",
    "qquad": "\u2003\u2003", "TeX": "TeX", "LaTeX": "LaTeX", "guillemotleft": "«", "guillemotright": "»",
    "og": "«\u00a0", "fg": "\u00a0»", "hrule": "<hr>", "hrulefill": "", "textrightarrow": "→", "textleftarrow": "←",
    "lbrack": "[", "rbrack": "]", "textregistered": "®", "texttrademark": "™",
}  # fmt: skip

ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "H": "\u030b", "k": "\u0328", "r": "\u030a", "u": "\u0306", "v": "\u030c", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip
"""Combining characters, after the letter."""

SPECIALS = {
    "~": "\u00a0", "``": "“", "''": "”", "`": "‘", "'": "’", "---": "—", "--": "–", "<<": "«", ">>": "»", "&": " ",
    "!`": "¡", "?`": "¿",
}  # fmt: skip

DROPPED = words(
    "noindent indent centering raggedright raggedleft hfill vfill smallskip medskip bigskip newpage "
    "clearpage pagebreak nolinebreak nopagebreak hline toprule midrule bottomrule maketitle relax null "
    "allowbreak sloppy fussy leavevmode protect itemsep parskip parindent columnwidth textwidth linewidth "
    "unskip ignorespaces begingroup endgroup frenchspacing selectfont displaystyle item arraybackslash "
    "htmlPixelsInCm xspace strut hskip vskip kern displaymath"
)
"""Commands about looks alone."""

DROPPED_WITH_ARGUMENT = words(
    "problemname vspace hspace setlength addtolength sisetup cline cmidrule usepackage label* "
    "documentclass pagestyle thispagestyle renewcommand setcounter addtocounter lstset definecolor color "
    "rowcolor cellcolor vphantom hphantom phantom hypersetup captionsetup selectlanguage index markboth "
    "plainproblemname caption* fontsize rule"
)
"""Commands whose arguments are about looks alone, or are shown elsewhere (the title)."""

FORBIDDEN = words(
    "input include includeonly write immediate openin openout read closein closeout catcode csname "
    "endcsname special directlua luaexec scantokens ShellEscape lstinputlisting verbatiminput "
    "VerbatimInput import subimport inputminted loop repeat everypar afterassignment aftergroup pdfximage "
    "pdfobj bibliography newread newwrite latelua"
)
"""Commands that read or write files, run programs or other TeX, or loop. None has a place in a statement."""

MATH_ENVIRONMENTS = words("equation align aligned alignat gather multline eqnarray displaymath math flalign")
TRANSPARENT_ENVIRONMENTS = words("minipage flushleft flushright document small multicols samepage sloppypar")

_ARGUMENTS = {
    "{": "problemname textbf emph textit textsl texttt t underline uline sout textsc textsuperscript "
    "textsubscript textrm textsf textup textmd textnormal text mbox fbox hbox centerline enquote mathrm "
    "ensuremath thanks lowercase uppercase url label ref autoref eqref cref Cref sisetup cline pagestyle "
    "thispagestyle lstset color rowcolor cellcolor vphantom hphantom phantom hypersetup captionsetup "
    "selectlanguage index constant vskip",
    "[{": "footnote num si caption makebox cmidrule usepackage documentclass caption*",
    "*{": "vspace hspace",
    "{{": "href textcolor colorbox setlength addtolength setcounter addtocounter epigraph fontsize",
    "{{{": "illustration multicolumn multirow definecolor",
    "[{{": "SI rule",
    "*[[{": "includegraphics",
    "*[{": "section subsection subsubsection paragraph subparagraph chapter",
    "[[{{": "parbox",
    "{[[{": "raisebox",
    "*{[[{": "renewcommand",
    "[": "item \\ linebreak",
}
_ENVIRONMENT_ARGUMENTS = {
    "[": "enumerate itemize description figure table quote quotation",
    "[{": "tabular longtable array minipage",
    "{{": "tabularx tabulary",
    "{": "multicols",
    "[{[{": "wrapfigure",
    "": "center verse flushleft flushright document small samepage sloppypar Input Output Interaction",
}


class _VerbatimBody(VerbatimArgsParser):  # type: ignore[misc]
    r"""Everything up to \end of this very environment; pylatexenc's own looks for \end{verbatim} only."""

    def __init__(self, name: str) -> None:
        super().__init__(verbatim_arg_type="verbatim-environment")
        self._end = f"\\end{{{name}}}"

    def parse_args(self, w: Any, pos: int, parsing_state: Any = None) -> tuple[Any, int, int]:
        end = w.s.find(self._end, pos)
        if end < 0:
            raise LatexWalkerParseError(s=w.s, pos=pos, msg=f"{self._end} is missing")
        start = _after_options(w.s, pos, end)
        chars = w.make_node(
            LatexCharsNode, parsing_state=parsing_state, chars=w.s[start:end], pos=start, len=end - start
        )
        return ParsedVerbatimArgs(verbatim_chars_node=chars), pos, end - pos


def _after_options(source: str, position: int, end: int) -> int:
    """Behind the [language=…] that a listing may begin with."""
    if source.startswith("[", position) and (close := source.find("]", position, end)) > 0:
        return close + 1
    return position


def _context() -> LatexContextDb:
    macros = [std_macro(name, spec) for spec, names in _ARGUMENTS.items() for name in names.split()]
    macros += [std_macro(name, "{") for name in ACCENTS]
    macros += [MacroSpec(name, VerbatimArgsParser("verb-macro")) for name in ("verb", "verb*", "lstinline")]
    environments = [
        std_environment(name, spec) for spec, names in _ENVIRONMENT_ARGUMENTS.items() for name in names.split()
    ]
    environments += [EnvironmentSpec(name, _VerbatimBody(name)) for name in ("verbatim", "verbatim*", "lstlisting")]
    environments += [
        std_environment(f"{name}{star}", "", is_math_mode=True) for name in MATH_ENVIRONMENTS for star in ("", "*")
    ]
    context = LatexContextDb()
    context.add_context_category("statement", macros, environments, [SpecialsSpec(chars) for chars in SPECIALS])
    context.set_unknown_macro_spec(MacroSpec(""))
    context.set_unknown_environment_spec(EnvironmentSpec(""))
    return context


CONTEXT = _context()
