"""`judgemesh login`, `logout`, `whoami`, `register`."""

from typing import Annotated

import typer

from services.cli.context import DEFAULT_SERVER, JsonOption, ServerOption, TokenOption, connected
from services.cli.output import console, print_json


def login(
    username: Annotated[str | None, typer.Argument(help="Your username; asked for if left out.")] = None,
    password: Annotated[
        str | None,
        typer.Option("--password", envvar="JUDGEMESH_PASSWORD", show_envvar=True, help="Asked for if left out."),
    ] = None,
    server: ServerOption = DEFAULT_SERVER,
    json: JsonOption = False,
) -> None:
    """Log in, and stay logged in on this machine.

    Example: [cyan]judgemesh login alice[/]
    """
    username = username or typer.prompt("Username", err=True)
    password = password or typer.prompt("Password", hide_input=True, err=True)
    with connected(server) as api:
        session = api.log_in(username, password)
    if json:
        print_json({"server": api.server, "user": session.user, "session": session.session})
    else:
        console.print(f"Logged in at {api.server} as [bold]{session.user.removeprefix('users/')}[/].")


def logout(server: ServerOption = DEFAULT_SERVER) -> None:
    """Log out: the log-in of this machine stops working.

    Example: [cyan]judgemesh logout[/]
    """
    with connected(server) as api:
        api.log_out()
    console.print(f"Logged out at {api.server}.")


def whoami(server: ServerOption = DEFAULT_SERVER, token: TokenOption = None, json: JsonOption = False) -> None:
    """Show who you are there, and what you may do.

    Example: [cyan]judgemesh whoami --json[/]
    """
    with connected(server, token) as api:
        user = api.call("GET", "/v1/users/me")
    if json:
        print_json(user)
    else:
        roles = ", ".join(role.removeprefix("ROLE_").lower() for role in user["roles"])
        console.print(f"[bold]{user['username']}[/] at {api.server} ({roles})")


def register(
    username: Annotated[str, typer.Argument(help="2 to 32 lower-case letters, digits, '-', '_' or '.'.")],
    password: Annotated[
        str | None,
        typer.Option("--password", envvar="JUDGEMESH_PASSWORD", show_envvar=True, help="Asked for if left out."),
    ] = None,
    server: ServerOption = DEFAULT_SERVER,
    json: JsonOption = False,
) -> None:
    """Make an account, and log in with it.

    Example: [cyan]judgemesh register carol[/]
    """
    password = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    with connected(server) as api:
        body = {"username": username, "password": password}
        user = api.call("POST", "/v1/users", login=False, json=body)
        api.log_in(username, password)
    if json:
        print_json(user)
    else:
        console.print(f"Welcome, [bold]{username}[/]. You are logged in at {api.server}.")
