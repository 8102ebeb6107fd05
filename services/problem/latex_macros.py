r"""Simple macros of LaTeX statements (\newcommand, \def), expanded as text within bounds, before parsing."""

import re
from dataclasses import dataclass, field

MAX_EXPANSIONS = 2_000
MAX_EXPANDED = 256 * 1024
MAX_DEPTH = 20
MAX_ARGUMENT = 10_000

TOKEN = re.compile(
    r"(?P<comment>(?<!\\)%[^\n]*\n?)"
    r"|\\begin\{(?P<verbatim>verbatim\*?|lstlisting)\}"
    r"|(?P<verb>\\(?:verb\*?|lstinline)(?P<delimiter>[^A-Za-z0-9\s*{\[])[^\n]*?(?P=delimiter))"
    r"|(?P<define>\\(?:newcommand|renewcommand|providecommand|DeclareMathOperator)\*?(?![A-Za-z]))"
    r"|(?P<def>\\[gex]?def(?![A-Za-z]))"
    r"|(?P<name>\\(?:[A-Za-z]+|.))",
    re.DOTALL,
)
DEFINED = re.compile(r"\s*\{?\s*(\\(?:[A-Za-z]+|.))\s*\}?\s*(?:\[(\d)\])?\s*(?:\[([^\]]*)\])?\s*", re.DOTALL)
BLANKS = re.compile(r"[ \t]*")
BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
SINGLE = re.compile(r"\\(?:[A-Za-z]+|.)|.", re.DOTALL)
OPTIONAL = re.compile(r"\s*\[([^\]]*)\]")
PLAIN_DEF = re.compile(r"\s*(\\(?:[A-Za-z]+|.))((?:#\d)*)\s*", re.DOTALL)


class MacroBombError(Exception):
    """The macros of a statement grow past every bound, or an argument never ends."""


@dataclass(frozen=True, slots=True)
class Macro:
    r"""What \name stands for: a body with #1 … #9, and the default of its first argument where that is optional."""

    arguments: int
    body: str
    default: str | None = None


@dataclass(slots=True)
class _Expansion:
    macros: dict[str, Macro] = field(default_factory=dict)
    left: int = MAX_EXPANSIONS
    size: int = 0


def expand_macros(source: str) -> str:
    """The source without comments and definitions, and with macros expanded. Raises MacroBombError past the bounds."""
    return _expand(source, _Expansion(), 0)


def _expand(source: str, state: _Expansion, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise MacroBombError
    pieces: list[str] = []
    position = 0
    while match := TOKEN.search(source, position):
        pieces.append(source[position : match.start()])
        piece, position = _replaced(source, match, state, depth)
        pieces.append(piece)
        _count(state, len(pieces[-2]) + len(piece))
    pieces.append(source[position:])
    return "".join(pieces)


def _count(state: _Expansion, characters: int) -> None:
    state.size += characters
    if state.size > MAX_EXPANDED * 4:
        raise MacroBombError


def _replaced(source: str, match: re.Match[str], state: _Expansion, depth: int) -> tuple[str, int]:
    """What stands for the match, and where to go on."""
    if match["comment"] is not None:
        return "", match.end()
    if match["verbatim"] is not None:
        end = source.find(f"\\end{{{match['verbatim']}}}", match.end())
        return source[match.start() : end if end >= 0 else len(source)], end if end >= 0 else len(source)
    if match["define"] is not None:
        return "", _define(source, match.end(), state, operator="Operator" in match[0])
    if match["def"] is not None:
        return "", _define_plainly(source, match.end(), state)
    if (macro := state.macros.get(match[0])) is None:
        return match[0], match.end()
    return _expanded(source, match.end(), macro, state, depth)


def _expanded(source: str, position: int, macro: Macro, state: _Expansion, depth: int) -> tuple[str, int]:
    state.left -= 1
    if state.left < 0:
        raise MacroBombError
    arguments, end = _arguments(source, position, macro)
    text = _expand(_filled(macro.body, arguments), state, depth + 1)
    if len(text) > MAX_EXPANDED:
        raise MacroBombError
    return text, end


def _filled(body: str, arguments: list[str]) -> str:
    """The body with its arguments. Raises MacroBombError before a text is made that is too large."""
    size = len(body) + sum(body.count(f"#{number}") * len(argument) for number, argument in enumerate(arguments, 1))
    if size > MAX_EXPANDED:
        raise MacroBombError
    by_number = dict(enumerate(arguments, 1))
    return re.sub(r"#(\d)", lambda match: by_number.get(int(match[1]), ""), body)


def _define(source: str, position: int, state: _Expansion, *, operator: bool) -> int:
    if not (match := DEFINED.match(source, position)):
        return position
    body, end = _argument(source, match.end())
    body = f"\\operatorname{{{body}}}" if operator else body
    state.macros[match[1]] = Macro(int(match[2] or 0), body, match[3])
    return end


def _define_plainly(source: str, position: int, state: _Expansion) -> int:
    if not (match := PLAIN_DEF.match(source, position)):
        return position
    body, end = _argument(source, match.end())
    state.macros[match[1]] = Macro(len(match[2]) // 2, body)
    return end


def _arguments(source: str, position: int, macro: Macro) -> tuple[list[str], int]:
    arguments: list[str] = []
    if macro.default is not None:
        optional = OPTIONAL.match(source, position)
        arguments.append(optional[1] if optional else macro.default)
        position = optional.end() if optional else position
    while len(arguments) < macro.arguments:
        argument, position = _argument(source, position)
        arguments.append(argument)
    if not macro.arguments:
        position = BLANKS.match(source, position).end()  # type: ignore[union-attr]
    return arguments, position


def _argument(source: str, position: int) -> tuple[str, int]:
    """A group in braces without them, else one command or character."""
    while position < len(source) and source[position].isspace():
        position += 1
    if not source.startswith("{", position):
        single = SINGLE.match(source, position)
        return (single[0], single.end()) if single else ("", position)
    depth = 0
    for brace in BRACE.finditer(source, position, position + MAX_ARGUMENT):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if depth == 0:
            return source[position + 1 : brace.start()], brace.end()
    raise MacroBombError
