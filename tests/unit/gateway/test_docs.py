"""The page that shows the description of the API."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "services/gateway/docs.html"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    """Opens the page in a browser with a description and a fragment, and returns the document that comes of it."""
    if BROWSER is None:
        pytest.skip("needs Chromium")

    def show(description: dict[str, Any], fragment: str) -> str:
        shutil.copy(PAGE, tmp_path / "index.html")
        (tmp_path / "openapi.json").write_text(json.dumps(description))
        options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}")
        with served(tmp_path) as url:
            command = [str(BROWSER), *options, "--virtual-time-budget=5000", "--dump-dom", f"{url}/#{fragment}"]
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    return show


def test_stands_alone() -> None:
    """The page loads nothing but the description, and fits in 60 kB."""
    page = PAGE.read_text(encoding="utf-8")

    assert len(page.encode()) < 60_000
    assert re.findall(r"https?://[^\s\"'`]+|@import|<script src|<link rel=.stylesheet", page) == []
    assert re.findall(r"fetch\(([^)]*)\)", page) == ['"/openapi.json"']


def test_reads_nothing_as_html() -> None:
    """No text of the description is parsed as HTML or code."""
    page = PAGE.read_text(encoding="utf-8")

    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", page) == []


def test_shows_an_operation(shown: Any, committed: dict[str, Any]) -> None:
    """A link to an operation opens it, with an example that a shell understands."""
    document = shown(committed, "ExecutionService.CreateSubmission")

    assert document.count('class="operation"') == sum(len(item) for item in committed["paths"].values())
    assert "/v1/problems/hello/submissions" in document
    assert '-H "Authorization: Bearer $TOKEN"' in document


def test_shows_hostile_text_as_text(shown: Any, committed: dict[str, Any]) -> None:
    """Markup in a description stays text."""
    hostile = "<img src=x onerror=\"document.title='taken'\"> `<b>code</b>`"
    committed = json.loads(json.dumps(committed))
    committed["paths"]["/v1/users"]["post"]["description"] = hostile
    committed["tags"][0]["description"] = hostile
    document = shown(committed, "UserService.CreateUser")

    assert "<img" not in document
    assert document.count("&lt;img src=x") == 2
    assert "<code>&lt;b&gt;code&lt;/b&gt;</code>" in document
    assert "<title>judgemesh API</title>" in document
