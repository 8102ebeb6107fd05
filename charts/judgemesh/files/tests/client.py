"""What the tests of an installation share: a client of the gateway, and one submission from end to end."""

import io
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

GATEWAY = os.environ["GATEWAY"]
SECONDS = float(os.environ.get("TIMEOUT_SECONDS", "120"))
LANGUAGE = os.environ.get("LANGUAGE", "python3")
PROGRAM = "a, b = map(int, input().split())\nprint(a + b)\n"
PACKAGE = {
    "problem.yaml": "problem_format_version: 2025-09\nname: Sum\ntype: pass-fail\nlimits: {time_limit: 2}\nuuid: %s\n",
    "statement/problem.en.md": "Add two numbers.",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/1.in": "20 22\n",
    "data/secret/1.ans": "42\n",
}


def client() -> httpx.Client:
    return httpx.Client(base_url=f"http://{GATEWAY}", timeout=30)


def ok(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise SystemExit(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
    return response


def log_in(http: httpx.Client) -> None:
    account = {"username": "admin", "password": os.environ["ADMIN_PASSWORD"]}
    session = ok(http.post("/v1/sessions", json=account)).json()
    http.headers["authorization"] = f"Bearer {session['accessToken']}"


def package(name: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in PACKAGE.items():
            identifier = "46fa942f-44c3-46c0-8ddc-%012x" % secrets.randbits(48)
            archive.writestr(f"{name}/{path}", text % identifier if "%s" in text else text)
    return buffer.getvalue()


@contextmanager
def problem(http: httpx.Client) -> Iterator[str]:
    """A problem that is there for as long as the test."""
    name = f"helm-test-{secrets.token_hex(4)}"
    zipped = {"content-type": "application/zip"}
    ok(http.post("/v1/problems:import", params={"problemId": name}, content=package(name), headers=zipped))
    try:
        yield f"problems/{name}"
    finally:
        http.delete(f"/v1/problems/{name}")


def judged(http: httpx.Client, of: str, headers: dict[str, str]) -> dict:
    """Submits, and follows the submission as server-sent events to its verdict."""
    body = {"language": LANGUAGE, "files": [{"name": "sum.py", "content": PROGRAM}]}
    submission = ok(http.post(f"/v1/{of}/submissions", json=body, headers=headers)).json()["name"]
    events = {"accept": "text/event-stream"}
    with http.stream("GET", f"/v1/{submission}:watch", headers=events, timeout=SECONDS) as stream:
        for line in stream.iter_lines():
            update = json.loads(line.removeprefix("data:")).get("update") if line.startswith("data:") else None
            if update:
                print(update["state"], (update.get("test") or {}).get("verdict", ""))
            if update and update["state"] == "SUBMISSION_STATE_JUDGED":
                return update["submission"]
    raise SystemExit(f"{submission}: the stream ended without a verdict")
