"""What every client command needs: the server, who asks, and how to answer; and what to say when it fails."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

import httpx
import typer
from rich.markup import escape

from services.cli.api import Api, ApiError, NotLoggedIn
from services.cli.credentials import CredentialsFile
from services.cli.output import errors, fail

ServerOption = Annotated[
    str, typer.Option("--server", envvar="JUDGEMESH_URL", help="The platform's address.", rich_help_panel="Connection")
]
TokenOption = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="JUDGEMESH_TOKEN",
        show_envvar=True,
        help="An API token (jmt_…), instead of a log-in.",
        rich_help_panel="Connection",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]

DEFAULT_SERVER = "http://127.0.0.1:8080"


@contextlib.contextmanager
def connected(server: str, token: str | None = None) -> Iterator[Api]:
    """An Api; what goes wrong inside ends the program with a message that says what to do."""
    try:
        yield Api(server, CredentialsFile(), token=token)
    except NotLoggedIn:
        fail(f"you are not logged in at {server}", f"Log in with: judgemesh login --server {server}")
    except ApiError as error:
        explain(error)
    except httpx.ConnectError:
        fail(f"nothing answers at {server}", "Start the platform with `judgemesh up`, or name another with --server.")
    except httpx.TransportError as error:
        fail(f"the connection to {server} broke: {escape(str(error))}", "Try again; nothing is lost that was answered.")


def explain(error: ApiError) -> None:
    """Prints a refusal with its reason and the fields that are wrong, and ends."""
    for violation in error.violations:
        field, description = escape(violation.get("field", "")), escape(violation.get("description", ""))
        errors.print(f"  [bold]{field}[/]: {description}", highlight=False)
    fail(f"{escape(error.message)} [dim]({error.reason or error.status})[/]")
