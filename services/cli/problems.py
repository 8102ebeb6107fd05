"""`judgemesh problems import|list|show|publish|verify`."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from services.cli import verifications
from services.cli.api import Api
from services.cli.context import DEFAULT_SERVER, JsonOption, ServerOption, TokenOption, connected, problem_name
from services.cli.output import console, errors, fail, print_json, visible

app = typer.Typer(help="Import, list and show problems.", no_args_is_help=True, rich_markup_mode="rich")

_CHUNK = 256 * 1024
_SKIPPED = {".git", "__pycache__", ".DS_Store"}


@app.command("import")
def import_(
    package: Annotated[Path, typer.Argument(help="A problem package: a zip archive, or its folder.", exists=True)],
    problem_id: Annotated[str | None, typer.Option("--id", help="Its identifier; default: the package's name.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Make it public, if it is verified.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Run its own programs, as `problems verify` does.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check the package, and change nothing.")] = False,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Import a Kattis/ICPC problem package.

    Example: [cyan]judgemesh problems import ./my-problem --verify[/]
    """
    parameters = ({"problemId": problem_id} if problem_id else {}) | ({"validateOnly": "true"} if check else {})
    with connected(server, token) as api, _archive(package) as archive:
        answer = api.call(
            "POST",
            "/v1/problems:import",
            params=parameters,
            content=_uploaded(archive, package.name, quiet=json),
            headers={"content-type": "application/zip"},
            timeout=600,
        )
        if not json:
            _print_import(answer, check=check, public=public)
        name = answer["problem"]["name"]
        passed = check or not verify or verifications.verify(api, name, json=json)
        if public and passed and not check:
            answer["problem"] = _publish(api, name)
    if json and not verify:
        print_json(answer)
    if not passed:
        raise typer.Exit(1)


@app.command("list")
def list_(
    query: Annotated[str, typer.Option("--query", "-q", help="Words that the title or a keyword contains.")] = "",
    mine: Annotated[bool, typer.Option("--mine", help="Only your own.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """List the problems that you may see.

    Example: [cyan]judgemesh problems list -q graph[/]
    """
    parameters = ({"query": query} if query else {}) | ({"owner": "users/me"} if mine else {})
    with connected(server, token) as api:
        problems = api.pages("/v1/problems", "problems", limit, **parameters)
    if json:
        print_json(problems)
    else:
        console.print(_table(problems))


@app.command()
def show(
    problem: Annotated[str, typer.Argument(help="The problem's identifier.")],
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Show a problem: its limits and samples.

    Example: [cyan]judgemesh problems show hello[/]
    """
    name = problem_name(problem)
    with connected(server, token) as api:
        found = api.call("GET", f"/v1/{name}")
        samples = api.call("GET", f"/v1/{name}/samples").get("samples", [])
    if json:
        print_json(found | {"samples": samples})
        return
    limits = found["limits"]
    console.print(f"[bold]{escape(found['title'])}[/]  [dim]{found['name']}, revision {found['revision']}[/]")
    memory = f"{int(limits['memoryBytes']) >> 20} MiB"
    kinds = ", ".join(kind.removeprefix("PROBLEM_TYPE_").lower().replace("_", "-") for kind in found.get("types", []))
    console.print(f"{kinds}, time {limits['time']}, memory {memory}, {found['secretCount']} secret tests")
    for sample in samples:
        for part in ("interaction",) if sample.get("interaction") else ("input", "answer"):
            console.rule(f"sample {sample['number']}: {part}", align="left")
            console.print(visible(sample[part]), markup=False, highlight=False, end="")


@app.command()
def verify(
    problem: Annotated[str, typer.Argument(help="The problem's identifier.")],
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Run a package's input validators and solutions, and compare with what it expects. Suggests a time limit.

    Exits with 0 only if every program did as expected. Example: [cyan]judgemesh problems verify my-problem[/]
    """
    with connected(server, token) as api:
        passed = verifications.verify(api, problem_name(problem), json=json)
    if not passed:
        raise typer.Exit(1)


@app.command()
def publish(
    problem: Annotated[str, typer.Argument(help="The problem's identifier.")],
    server: ServerOption = DEFAULT_SERVER,
    token: TokenOption = None,
    json: JsonOption = False,
) -> None:
    """Make a problem public: everybody sees it and may submit.

    Example: [cyan]judgemesh problems publish my-problem[/]
    """
    with connected(server, token) as api:
        published = _publish(api, problem_name(problem))
    if json:
        print_json(published)
    else:
        console.print(f"{published['name']} is public.")


def _publish(api: Api, name: str) -> dict[str, Any]:
    change = {"visibility": "VISIBILITY_PUBLIC"}
    return api.call("PATCH", f"/v1/{name}", json=change, params={"updateMask": "visibility"})


def _archive(package: Path) -> BinaryIO:
    """The package as an open archive; a folder is packed first."""
    if package.is_file():
        return package.open("rb")
    if not (package / "problem.yaml").is_file():
        fail(f"{package} is no problem package: it has no problem.yaml", "Name the folder that holds problem.yaml.")
    archive = tempfile.TemporaryFile()  # noqa: SIM115 - whoever uploads it closes it
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(package.rglob("*")):
            if path.is_file() and _SKIPPED.isdisjoint(path.relative_to(package).parts):
                packed.write(path, Path(package.resolve().name) / path.relative_to(package))
    archive.seek(0)
    return archive


def _uploaded(archive: BinaryIO, name: str, *, quiet: bool) -> Iterator[bytes]:
    """The archive in pieces, with a progress bar for people."""
    size = archive.seek(0, 2)
    archive.seek(0)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=errors, disable=quiet or not errors.is_terminal, transient=True) as progress:
        task = progress.add_task(f"uploading {name}", total=size)
        while piece := archive.read(_CHUNK):
            yield piece
            progress.advance(task, len(piece))


def _print_import(answer: dict[str, Any], *, check: bool, public: bool) -> None:
    problem = answer["problem"]
    for warning in answer.get("warnings", []):
        errors.print(f"[yellow]warning:[/] {escape(warning)}")
    done = "was imported" if answer.get("created") else f"is at revision {problem['revision']}"
    what = "is a good package" if check else done
    title, secret = escape(problem["title"]), problem["secretCount"]
    console.print(f"[bold]{problem['name']}[/] ({title}) {what}, with {secret} secret tests.")
    if not check and not public and problem["visibility"] == "VISIBILITY_PRIVATE":
        identifier = problem["name"].removeprefix("problems/")
        console.print(f"[dim]Only you see it. Publish it with: judgemesh problems publish {identifier}[/]")


def _table(problems: list[dict[str, Any]]) -> Table:
    table = Table("problem", "title", "time", "memory", "tests", "visibility", box=None)
    for problem in problems:
        table.add_row(
            problem["name"].removeprefix("problems/"),
            escape(problem["title"]),
            problem["limits"]["time"],
            f"{int(problem['limits']['memoryBytes']) >> 20} MiB",
            str(problem["sampleCount"] + problem["secretCount"]),
            problem["visibility"].removeprefix("VISIBILITY_").lower(),
        )
    return table
