"""What a first start proposes."""

from pathlib import Path

from services.cli.local.welcome import commands


def test_commands_name_another_server_only_where_there_is_one() -> None:
    """On the default port the client needs no --server; elsewhere each of its lines has it."""
    default = commands("http://127.0.0.1:8080", "secret")
    other = commands("http://127.0.0.1:9000", "secret")

    assert not any("--server" in line for line in default)
    assert all("http://127.0.0.1:9000" in line for line in other)


def test_proposed_solution_exists() -> None:
    """The line that submits names a file that is there."""
    submit = next(line for line in commands("http://127.0.0.1:8080", "secret") if " submit " in line)

    assert Path(submit.split()[2]).is_file()
