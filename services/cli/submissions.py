"""`judgemesh submit`, `submissions`, `languages`."""

import base64
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from services.cli.api import Api
from services.cli.context import (
    DEFAULT_SERVER,
    JsonOption,
    ServerOption,
    TokenOption,
    connected,
    problem_name,
    resource_name,
)
from services.cli.output import console, errors, fail, print_json, verdict_text, visible

app = typer.Typer(rich_markup_mode="rich")

_LARGEST_SOURCE = 4 << 20
"""Far more than any problem allows; bytes. Some files, such as devices, never end."""

FINAL = {"SUBMISSION_STATE_JUDGED", "SUBMISSION_STATE_CANCELLED"}


def submit(
    files: Annotated[list[Path], typer.Argument(help="The source file, or several.", exists=True, dir_okay=False)],
    problem: Annotated[str, typer.Option("--problem", "-p", help="The problem's identifier.")],
    language: Annotated[str | None, typer.Option("--language", "-l", help="Default: by the file's extension.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Follow it test by test; exit with 0 only if accepted.")
    ] = False,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Submit a program.

    Example: [cyan]judgemesh submit solution.py --problem hello --watch[/]
    """
    with connected(server, token) as api:
        body = {
            "language": language or guess_language(api, files[0]),
            "files": [_source(path) for path in files],
            "requestId": str(uuid4()),
        }
        submission = api.call("POST", f"/v1/{problem_name(problem)}/submissions", json=body)
        if watch:
            submission = follow(api, submission["name"], json=json)
    _print_submission(submission, json=json, watched=watch)
    if watch and submission["verdict"] != "VERDICT_ACCEPTED":
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def submissions(
    context: typer.Context,
    problem: Annotated[str, typer.Option("--problem", "-p", help="Only to this problem.")] = "",
    user: Annotated[str, typer.Option("--user", help="Only this user's. Others' are for directors.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 20,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """List submissions, newest first; or judge them again.

    Example: [cyan]judgemesh submissions --problem hello[/]
    """
    if context.invoked_subcommand:
        return
    parameters = {
        **({"problem": problem_name(problem)} if problem else {}),
        **({"user": f"users/{user.removeprefix('users/')}"} if user else {}),
    }
    with connected(server, token) as api:
        found = api.pages("/v1/submissions", "submissions", limit, **parameters)
    if json:
        print_json(found)
    else:
        console.print(_table(found))


@app.command()
def retry(
    identifiers: Annotated[list[str] | None, typer.Argument(help="The submissions.", metavar="ID...")] = None,
    all_: Annotated[
        bool, typer.Option("--all-judge-errors", help="Every submission that ended with JUDGE_ERROR.")
    ] = False,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Judge submissions again that ended with JUDGE_ERROR. For directors and admins.

    What has another verdict is left alone: `judgemesh rejudgings` is for that.

    Example: [cyan]judgemesh submissions retry --all-judge-errors[/]
    """
    if all_ == bool(identifiers):
        fail("name submissions, or all of them", "List them with `judgemesh submissions`, or say --all-judge-errors.")
    names = [resource_name("submissions", identifier) for identifier in identifiers or []]
    with connected(server, token) as api:
        answer = api.call("POST", "/v1/submissions:retry", json={"names": names, "allJudgeErrors": all_})
    retried = answer.get("submissions", [])
    if json:
        print_json(retried)
        return
    for name in retried:
        console.print(f"{name} is judged again.", highlight=False)
    if left := set(names) - set(retried):
        errors.print(f"[dim]{len(left)} did not end with JUDGE_ERROR, and were left alone.[/]", highlight=False)
    elif not retried:
        errors.print("[dim]There is no submission that ended with JUDGE_ERROR.[/]", highlight=False)


def languages(server: ServerOption = DEFAULT_SERVER, json: JsonOption = False) -> None:
    """List the languages that can be judged now.

    Example: [cyan]judgemesh languages[/]
    """
    with connected(server) as api:
        found = api.call("GET", "/v1/languages", login=False).get("languages", [])
    if json:
        print_json(found)
        return
    table = Table("language", "name", "version", "extensions", box=None)
    for language in found:
        extensions = ", ".join(f".{extension}" for extension in language["extensions"])
        table.add_row(language["id"], language["displayName"], escape(language["version"]), extensions)
    console.print(table)


def guess_language(api: Api, path: Path) -> str:
    """The language that has the file's extension."""
    extension = path.suffix.removeprefix(".").lower()
    known = api.call("GET", "/v1/languages", login=False).get("languages", [])
    fitting = [language["id"] for language in known if extension in language["extensions"]]
    if len(fitting) != 1:
        names = ", ".join(language["id"] for language in known)
        fail(f"can't tell the language of {path.name}", f"Name it with --language; there are: {names}.")
    return str(fitting[0])


def follow(api: Api, name: str, *, json: bool) -> dict[str, Any]:
    """Shows each test as it is judged; returns the final submission."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, disable=json or not errors.is_terminal, transient=True) as progress:
        task = progress.add_task("queued", total=None)
        for update in api.watch(f"/v1/{name}:watch"):
            if json:
                print_json(update)
            state = update["state"].removeprefix("SUBMISSION_STATE_").lower()
            progress.update(task, description=state, total=update.get("testCount") or None)
            if test := update.get("test"):
                progress.update(task, completed=test["number"])
                if not json:
                    errors.print(_test_line(test), highlight=False)
            if update["state"] in FINAL:
                final: dict[str, Any] = update["submission"]
                return final
    return api.call("GET", f"/v1/{name}")


def _source(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        content = file.read(_LARGEST_SOURCE + 1)
    if len(content) > _LARGEST_SOURCE:
        fail(f"{escape(str(path))} is no source file: it has more than {_LARGEST_SOURCE >> 20} MiB")
    try:
        return {"name": path.name, "content": content.decode()}
    except UnicodeDecodeError:
        return {"name": path.name, "rawContent": base64.b64encode(content).decode()}


def _test_line(test: dict[str, Any]) -> str:
    kind = "sample" if test["sample"] else "secret"
    usage = test.get("usage", {})
    cost = f"{_seconds(usage.get('cpuTime')):.3f} s, {int(usage.get('memoryBytes', 0)) / 2**20:.1f} MiB"
    verdict, message = verdict_text(test["verdict"]), escape(test.get("message", ""))
    score = f" {points(test['score'])} points" if "score" in test else ""
    return f"  test {test['number']:>3} [dim]{kind}[/] {verdict}{score} [dim]{cost}[/] {message}"


def _seconds(duration: str | None) -> float:
    return float((duration or "0s").removesuffix("s"))


def _print_submission(submission: dict[str, Any], *, json: bool, watched: bool) -> None:
    if json:
        print_json(submission)
    elif watched:
        if groups := submission.get("groups"):
            console.print(_groups(groups))
        console.print(f"{submission['name']}: {_outcome(submission)} {escape(submission['message'])}", highlight=False)
        if submission["verdict"] == "VERDICT_COMPILE_ERROR":
            console.print(submission["compilerOutput"], markup=False, highlight=False)
    else:
        console.print(f"{submission['name']} is queued. Follow it with --watch, or see `judgemesh submissions`.")


def _outcome(submission: dict[str, Any]) -> str:
    verdict = verdict_text(submission["verdict"])
    score = f", {points(submission['score'])} points" if "score" in submission else ""
    return f"{verdict}{score}" or submission["state"].removeprefix("SUBMISSION_STATE_").lower()


def points(score: float) -> str:
    """A score without the digits that sums of shares end in."""
    return f"{score:.6f}".rstrip("0").rstrip(".")


def _groups(groups: list[dict[str, Any]]) -> Table:
    table = Table("group", "verdict", "score", box=None)
    for group in groups:
        score = points(group["score"]) if "score" in group else "-"
        most = f" of {points(group['maxScore'])}" if "maxScore" in group else ""
        verdict = verdict_text(group["verdict"]) or "[dim]not judged[/]"
        table.add_row(escape(visible(group["name"])), verdict, f"{score}{most}")
    return table


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("submission", "problem", "user", "language", "when", "verdict", box=None)
    for submission in found:
        table.add_row(
            submission["name"].removeprefix("submissions/"),
            submission["problem"].removeprefix("problems/"),
            submission["user"].removeprefix("users/"),
            submission["language"],
            submission["createTime"][:19].replace("T", " "),
            _outcome(submission),
        )
    return table
