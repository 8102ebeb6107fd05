"""What every client command needs: the server, who asks, and how to answer; and what to say when it fails."""

import contextlib
import string
from collections.abc import Iterator
from typing import Annotated

import httpx
import typer
from rich.markup import escape

from services.cli.api import Api, ApiError, NotLoggedIn, Unintelligible
from services.cli.credentials import CredentialsFile, CredentialsUnreadable
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

_IDENTIFIER = set(string.ascii_letters + string.digits + "-")
"""The server says what is wrong with others; these letters keep a path what it is."""
_UUID = set("0123456789abcdef-")


@contextlib.contextmanager
def connected(server: str, token: str | None = None) -> Iterator[Api]:
    """An Api; what goes wrong inside ends the program with a message that says what to do."""
    if token and not token.isascii():
        fail("the token is no token: it has letters beyond ASCII", "Copy it again, from jmt_ on.")
    try:
        yield Api(server, CredentialsFile(), token=token)
    except ApiError as error:
        explain(error)
    except (NotLoggedIn, CredentialsUnreadable, Unintelligible, httpx.InvalidURL, httpx.TransportError) as error:
        fail(*_advice(error, escape(server)))


def _advice(error: Exception, server: str) -> tuple[str, str]:
    """What went wrong, and what to do about it."""
    match error:
        case NotLoggedIn():
            return f"you are not logged in at {server}", f"Log in with: judgemesh login --server {server}"
        case CredentialsUnreadable():
            return f"the log-ins in {escape(str(error))} cannot be read", "Delete that file, and log in again."
        case Unintelligible():
            return f"what answers at {server} is not judgemesh", "Name the platform's address with --server."
        case httpx.InvalidURL() | httpx.UnsupportedProtocol():
            return f"'{server}' is no address", f"An address looks like {DEFAULT_SERVER}."
        case httpx.ConnectError():
            hint = "Start the platform with `judgemesh up`, or name another with --server."
            return f"nothing answers at {server}", hint
    return f"the connection to {server} broke: {escape(str(error))}", "Try again; nothing is lost that was answered."


def problem_name(problem: str) -> str:
    """The name of a problem, of which people may give the identifier alone."""
    identifier = problem.removeprefix("problems/")
    if not identifier or not set(identifier) <= _IDENTIFIER:
        fail(f"{escape(repr(problem))} is no problem's identifier", "List them with: judgemesh problems list")
    return f"problems/{identifier}"


def resource_name(collection: str, identifier: str) -> str:
    """The name of a resource that has a UUID, of which people may give the identifier alone."""
    identifier = identifier.removeprefix(f"{collection}/")
    if not identifier or not set(identifier) <= _UUID:
        fail(f"{escape(repr(identifier))} is no identifier", f"List them with: judgemesh {collection}")
    return f"{collection}/{identifier}"


def explain(error: ApiError) -> None:
    """Prints a refusal with its reason and the fields that are wrong, and ends."""
    for violation in error.violations:
        field, description = escape(violation.get("field", "")), escape(violation.get("description", ""))
        errors.print(f"  [bold]{field}[/]: {description}", highlight=False)
    fail(f"{escape(error.message)} [dim]({error.reason or error.status})[/]")
