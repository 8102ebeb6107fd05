"""`judgemesh rejudgings create|list|show|preview|apply|cancel`: for directors and admins."""

from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.markup import escape
from rich.table import Table

from services.cli.context import (
    DEFAULT_SERVER,
    JsonOption,
    ServerOption,
    TokenOption,
    connected,
    problem_name,
    resource_name,
)
from services.cli.output import VERDICT_STYLES, console, errors, fail, print_json, verdict_text

app = typer.Typer(
    help="Judge submissions again: preview what would change, then apply or cancel it. For directors and admins.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

RejudgingArgument = Annotated[str, typer.Argument(help="The rejudging's identifier.")]

_STATE_STYLES = {"RUNNING": "bold yellow", "READY": "bold cyan", "APPLIED": "bold green", "CANCELLED": "dim"}
_SHOWN_TIME = len("2026-01-02T03:04:05")


@app.command()
def create(
    submissions: Annotated[
        list[str] | None, typer.Argument(help="Submissions; default: all that the options say.")
    ] = None,
    problem: Annotated[str, typer.Option("--problem", "-p", help="Only to this problem.")] = "",
    contest: Annotated[str, typer.Option("--contest", help="Only of this contest.")] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="Only in this language.")] = "",
    verdict: Annotated[
        list[str] | None,
        typer.Option("--verdict", help="Only with this verdict, such as wrong-answer; several may be given."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; it is kept with the rejudging.")] = "",
    count: Annotated[bool, typer.Option("--count", help="Say how many it would be, and begin nothing.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Judge submissions again, with the problems as they are now. Nothing changes before it is applied.

    Example: [cyan]judgemesh rejudgings create --problem hello --verdict wrong-answer --reason "test 3 was wrong"[/]
    """
    selection = {
        "submissions": [resource_name("submissions", submission) for submission in submissions or []],
        "problem": problem_name(problem) if problem else "",
        "contest": f"contests/{contest.removeprefix('contests/')}" if contest else "",
        "language": language,
        "verdicts": [_verdict(each) for each in verdict or []],
    }
    if not (reason or count):
        fail("a rejudging needs a reason", "Say it with --reason.")
    body = {
        "selection": {field: value for field, value in selection.items() if value},
        "reason": reason or "count",
        "validateOnly": count,
        "requestId": str(uuid4()),
    }
    with connected(server, token) as api:
        made = api.call("POST", "/v1/rejudgings", json=body)
    if json:
        print_json(made)
    elif count:
        console.print(f"{made['submissionCount']} submissions would be judged again.")
    else:
        identifier = made["name"].removeprefix("rejudgings/")
        console.print(f"[bold]{made['name']}[/]: {made['submissionCount']} submissions are judged again.")
        errors.print(f"[dim]See what would change: judgemesh rejudgings preview {identifier}[/]", highlight=False)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """List rejudgings, newest first.

    Example: [cyan]judgemesh rejudgings list[/]
    """
    with connected(server, token) as api:
        found = api.pages("/v1/rejudgings", "rejudgings", limit)
    if json:
        print_json(found)
        return
    table = Table("rejudging", "state", "judged", "changes", "by", "when", "reason", box=None)
    for each in found:
        table.add_row(
            each["name"].removeprefix("rejudgings/"),
            _state(each),
            f"{each['judgedCount']}/{each['submissionCount']}",
            str(each["changedCount"]),
            each["user"].removeprefix("users/"),
            each["createTime"][:_SHOWN_TIME].replace("T", " "),
            escape(each["reason"]),
        )
    console.print(table)


@app.command()
def show(
    rejudging: RejudgingArgument,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show a rejudging: how far it is, and what it is of.

    Example: [cyan]judgemesh rejudgings show 0199f7a2-7f0e-7cc1-9d4e-3f6d5f1f2a10[/]
    """
    with connected(server, token) as api:
        found = api.call("GET", f"/v1/{resource_name('rejudgings', rejudging)}")
    _print(found, json=json)


@app.command()
def preview(
    rejudging: RejudgingArgument,
    all_: Annotated[bool, typer.Option("--all", help="Also those whose verdict stays.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show what would change.

    Example: [cyan]judgemesh rejudgings preview 0199f7a2-7f0e-7cc1-9d4e-3f6d5f1f2a10[/]
    """
    name = resource_name("rejudgings", rejudging)
    parameters = {"includeUnchanged": "true"} if all_ else {}
    with connected(server, token) as api:
        found = api.call("GET", f"/v1/{name}")
        changes = api.pages(f"/v1/{name}:preview", "changes", limit, **parameters)
    if json:
        print_json({"rejudging": found, "changes": changes})
        return
    _print(found, json=False)
    if changes:
        console.print(_changes(changes))


@app.command()
def apply(
    rejudging: RejudgingArgument,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Put the new verdicts in force, all at once.

    Example: [cyan]judgemesh rejudgings apply 0199f7a2-7f0e-7cc1-9d4e-3f6d5f1f2a10[/]
    """
    with connected(server, token) as api:
        _print(api.call("POST", f"/v1/{resource_name('rejudgings', rejudging)}:apply", json={}), json=json)


@app.command()
def cancel(
    rejudging: RejudgingArgument,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Drop the new verdicts, and stop what runs.

    Example: [cyan]judgemesh rejudgings cancel 0199f7a2-7f0e-7cc1-9d4e-3f6d5f1f2a10[/]
    """
    with connected(server, token) as api:
        _print(api.call("POST", f"/v1/{resource_name('rejudgings', rejudging)}:cancel", json={}), json=json)


def _verdict(text: str) -> str:
    """A verdict, as people write it."""
    name = text.upper().replace("-", "_").removeprefix("VERDICT_")
    if name not in VERDICT_STYLES:
        known = ", ".join(each.lower().replace("_", "-") for each in VERDICT_STYLES)
        fail(f"{escape(repr(text))} is no verdict", f"There are: {known}.")
    return f"VERDICT_{name}"


def _state(rejudging: dict[str, Any]) -> str:
    state = rejudging["state"].removeprefix("REJUDGING_STATE_")
    return f"[{_STATE_STYLES.get(state, 'bold')}]{state.lower()}[/]"


def _print(rejudging: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(rejudging)
        return
    judged, total, changed = (rejudging[field] for field in ("judgedCount", "submissionCount", "changedCount"))
    console.print(f"[bold]{rejudging['name']}[/]: {_state(rejudging)}, {judged} of {total} judged, {changed} changes")
    console.print(f"[dim]{escape(rejudging['reason'])}[/]", highlight=False)


def _changes(changes: list[dict[str, Any]]) -> Table:
    table = Table("submission", "problem", "user", "language", "old", "new", "", box=None)
    for change in changes:
        new = change["newSubmission"]
        table.add_row(
            change["submission"].removeprefix("submissions/"),
            new["problem"].removeprefix("problems/"),
            new["user"].removeprefix("users/"),
            new["language"],
            _result(change, "old"),
            _result(change, "new"),
            "[dim]judged anew since: stays[/]" if change["superseded"] else "",
        )
    return table


def _result(change: dict[str, Any], which: str) -> str:
    """A verdict, with the score where there is one."""
    score = change.get(f"{which}Score")
    return verdict_text(change[f"{which}Verdict"]) + (f" {score:g}" if score is not None else "")
