"""What the client's commands say where they cannot do what was asked."""

import json
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from services.cli.__main__ import app
from services.cli.api import Api, Unintelligible
from services.cli.credentials import CredentialsFile

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the log-ins are; there are none."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "judgemesh" / "credentials.json"
    path.parent.mkdir()
    return path


def judgemesh(*arguments: str, **options: str) -> Result:
    return CliRunner().invoke(app, arguments, **options)


def refused(result: Result) -> str:
    """What it says, on one line; it must end as refusals do, and not with a traceback."""
    assert isinstance(result.exception, SystemExit | typer.Exit)
    assert result.exit_code == 1
    return " ".join(result.stderr.split())


@pytest.mark.parametrize("content", [b"{broken", b"[]", b"\xff", json.dumps({NOWHERE: {"user": "x"}}).encode()])
def test_broken_log_ins_are_named(credentials: Path, content: bytes) -> None:
    """A file that is not ours is no traceback: the message names it and says what to do."""
    credentials.write_bytes(content)
    said = refused(judgemesh("whoami", "--server", NOWHERE))

    assert "cannot be read" in said
    assert "log in again" in said


@pytest.mark.parametrize("server", ["foo", "", "http://[::", "ftp://x"])
def test_what_is_no_address_is_told(credentials: Path, server: str) -> None:
    """An address that no client can use is not taken for a broken connection."""
    assert "is no address" in refused(judgemesh("whoami", "--server", server, "--token", "jmt_x"))


def test_a_token_with_other_letters_is_refused(credentials: Path) -> None:
    """A token that was copied wrong is not sent, and is not repeated."""
    said = refused(judgemesh("whoami", "--server", NOWHERE, "--token", "jmt_\xe9"))

    assert "beyond ASCII" in said
    assert "jmt_\xe9" not in said


@pytest.mark.parametrize("problem", ["", "../users", "a/b", "a?view=1", "a#b"])
def test_an_identifier_cannot_leave_its_path(credentials: Path, problem: str) -> None:
    """What would make another path is no identifier, and nothing is asked."""
    said = refused(judgemesh("problems", "show", problem, "--server", NOWHERE, "--token", "jmt_x"))

    assert "is no problem's identifier" in said


def test_a_file_without_an_end_is_no_source(credentials: Path) -> None:
    """A device is not read until memory ends."""
    arguments = ("--problem", "x", "--language", "c", "--server", NOWHERE, "--token", "jmt_x")

    assert "more than 4 MiB" in refused(judgemesh("submit", "/dev/zero", *arguments))


def test_questions_are_no_results(credentials: Path) -> None:
    """What a person is asked does not mix with the JSON that a program reads."""
    result = judgemesh("login", "--json", "--server", NOWHERE, input="alice\nsecret\n")

    assert "Username" not in result.stdout
    assert "Password" not in result.stdout
    assert "Password" in result.stderr


def test_another_programs_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page in place of JSON means that something else listens there."""
    api = Api(NOWHERE, CredentialsFile(tmp_path / "none"))
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>"))
    monkeypatch.setattr(api, "_http", httpx.Client(base_url=NOWHERE, transport=page))

    with pytest.raises(Unintelligible):
        api.call("GET", "/v1/languages", login=False)
