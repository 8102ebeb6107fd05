"""`judgemesh`: one platform to run, and its client."""

import typer

from services.cli import accounts, doctor, mesh, problems, rejudgings, submissions, up

app = typer.Typer(
    name="judgemesh",
    help="A coding-contest platform: run it here, or use one that runs elsewhere.\n\n"
    "Start everything on this machine with [cyan]judgemesh up[/], then "
    "[cyan]judgemesh login alice[/] and [cyan]judgemesh submit solution.py --problem roundbanner --watch[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RUNNING = "Run the platform"
ACCOUNT = "Your account"
JUDGING = "Problems and submissions"

app.command("up", rich_help_panel=RUNNING)(up.up)
app.command("doctor", rich_help_panel=RUNNING)(doctor.doctor)
app.add_typer(mesh.app, name="mesh", rich_help_panel=RUNNING)
app.command(rich_help_panel=ACCOUNT)(accounts.login)
app.command(rich_help_panel=ACCOUNT)(accounts.logout)
app.command(rich_help_panel=ACCOUNT)(accounts.whoami)
app.command(rich_help_panel=ACCOUNT)(accounts.register)
app.add_typer(problems.app, name="problems", rich_help_panel=JUDGING)
app.command(rich_help_panel=JUDGING)(submissions.submit)
app.add_typer(submissions.app, name="submissions", rich_help_panel=JUDGING)
app.command(rich_help_panel=JUDGING)(submissions.languages)
app.add_typer(rejudgings.app, name="rejudgings", rich_help_panel=JUDGING)


def main() -> None:
    """The program's entry point."""
    app()


if __name__ == "__main__":
    main()
