"""What `judgemesh problems verify` says of a package's programs."""

from typing import Any

import httpx
import pytest

from services.cli import verifications
from services.cli.api import Api
from services.cli.credentials import CredentialsFile
from services.cli.output import visible


def program(path: str, verdict: str, *, right: bool, **more: Any) -> dict[str, Any]:
    empty = {"message": "", "compilerOutput": "", "internalError": "", "language": "cpp", "expected": []}
    return empty | {"path": path, "verdict": f"VERDICT_{verdict}", "asExpected": right} | more


def answers(*states: tuple[str, list[dict[str, Any]]], passed: bool) -> httpx.MockTransport:
    """The verification as it is in each state, one a call."""
    documents = iter(
        {"name": "verifications/1", "state": f"VERIFICATION_STATE_{state}", "passed": passed, "programs": programs}
        for state, programs in states
    )
    return httpx.MockTransport(lambda _: httpx.Response(200, json=next(documents)))


@pytest.fixture
def api(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(verifications, "_PAUSE_SECONDS", 0)
    return Api("http://127.0.0.1:1", CredentialsFile(tmp_path / "none"), token="jmt_x")


def served(api: Api, monkeypatch: pytest.MonkeyPatch, transport: httpx.MockTransport) -> Api:
    monkeypatch.setattr(api, "_http", httpx.Client(base_url=api.server, transport=transport))
    return api


def test_verification_is_followed_to_its_end(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It asks until the verification has ended, then shows every program and passes."""
    waiting, right = program("submissions/a", "UNSPECIFIED", right=False), program("a", "ACCEPTED", right=True)
    transport = answers(("RUNNING", [waiting]), ("RUNNING", [waiting]), ("DONE", [right]), passed=True)

    assert verifications.verify(served(api, monkeypatch, transport), "problems/p", json=False)
    assert "1 programs did what is expected" in capsys.readouterr().out


def test_unexpected_verdict_is_shown_with_its_reason(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What fails is named, with what its author needs, and fit for a terminal."""
    bad = program("b", "COMPILE_ERROR", right=False, compilerOutput="\x1b[31mno such thing")
    transport = answers(("DONE", [bad]), passed=False)

    assert not verifications.verify(served(api, monkeypatch, transport), "problems/p", json=False)
    out = capsys.readouterr().out
    assert "1 of 1 programs did not do what is expected" in out
    assert "no such thing" in out
    assert "\x1b[31m" not in out


def test_text_of_others_cannot_steer_the_terminal() -> None:
    """Control characters become visible marks; tabs and lines stay."""
    assert visible("a\tb\n\x1b]0;title\x07\u202e\x9b") == "a\tb\n\ufffd]0;title\ufffd\ufffd\ufffd"
