"""How the command line speaks: to people with colour, to machines in JSON."""

import json
import re
import sys
from typing import Any, NoReturn

from rich.console import Console

console = Console()
"""For results."""

errors = Console(stderr=True)
"""For progress and errors, so that a pipe receives results alone."""

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

VERDICT_STYLES = {
    "ACCEPTED": "bold green",
    "WRONG_ANSWER": "bold red",
    "TIME_LIMIT_EXCEEDED": "bold yellow",
    "MEMORY_LIMIT_EXCEEDED": "bold yellow",
    "OUTPUT_LIMIT_EXCEEDED": "bold yellow",
    "RUNTIME_ERROR": "bold magenta",
    "COMPILE_ERROR": "bold magenta",
    "JUDGE_ERROR": "bold white on red",
}


def print_json(value: Any) -> None:
    """One JSON document on standard output, on one line where no person reads it."""
    json.dump(value, sys.stdout, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def visible(text: str) -> str:
    """Text of others, fit for a terminal: nothing in it moves the cursor, colours, or turns the writing."""
    return _UNSEEN.sub("\ufffd", text)


def verdict_text(verdict: str) -> str:
    """A verdict as rich markup: ``TIME_LIMIT_EXCEEDED`` becomes a coloured "Time limit exceeded"."""
    name = verdict.removeprefix("VERDICT_")
    if name == "UNSPECIFIED":
        return ""
    return f"[{VERDICT_STYLES.get(name, 'bold')}]{name.replace('_', ' ').capitalize()}[/]"


def fail(message: str, hint: str = "", code: int = 1) -> NoReturn:
    """Says what went wrong and what to do next, and ends."""
    errors.print(f"[bold red]error:[/] {message}", highlight=False)
    if hint:
        errors.print(f"[dim]{hint}[/]", highlight=False)
    raise SystemExit(code)
