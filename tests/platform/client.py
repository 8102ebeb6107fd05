"""A contestant or setter with nothing but HTTP."""

import io
import json
import os
import zipfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

FINAL = {"SUBMISSION_STATE_JUDGED", "SUBMISSION_STATE_CANCELLED"}
PASSWORD = "correct horse battery"


def data(*parts: str) -> Path:
    """A folder of the real third-party data; the test is skipped where there is none."""
    root = os.environ.get("JUDGEMESH_DATA")
    if not root or not (path := Path(root, *parts)).exists():
        pytest.skip("JUDGEMESH_DATA does not name the folder of third-party data")
    return path


def zipped(entries: Iterable[tuple[str, bytes | str]]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return archive.getvalue()


def zipped_folder(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return zipped((f"{folder.name}/{path.relative_to(folder)}", path.read_bytes()) for path in files)


def small_package(identifier: str, tests: int = 2, **changes: str | None) -> bytes:
    """A package of "read two numbers, print their sum"; ``changes`` replace files, None leaves one out."""
    files: dict[str, str | None] = {
        "problem.yaml": (
            "problem_format_version: 2025-09\nname: Sum\ntype: pass-fail\nlimits: {time_limit: 2}\n"
            "uuid: 46fa942f-44c3-46c0-8ddc-22e02d2e5d2b\n"
        ),
        "statement/problem.en.md": "Add two numbers.",
        "data/sample/1.in": "1 2\n",
        "data/sample/1.ans": "3\n",
    }
    for number in range(1, tests + 1):
        files[f"data/secret/{number:03}.in"] = f"{number} {number}\n"
        files[f"data/secret/{number:03}.ans"] = f"{2 * number}\n"
    files |= changes
    return zipped((f"{identifier}/{name}", text) for name, text in files.items() if text is not None)


SUM = "a, b = map(int, input().split())\nprint(a + b)\n"


class Person:
    """Somebody with an account, at the gateway."""

    def __init__(self, http: httpx.AsyncClient, username: str) -> None:
        self.http = http
        self.username = username
        self.token = ""

    @classmethod
    async def register(cls, http: httpx.AsyncClient, username: str | None = None) -> "Person":
        person = cls(http, username or f"u{uuid4().hex[:12]}")
        body = {"username": person.username, "password": PASSWORD}
        (await http.post("/v1/users", json=body)).raise_for_status()
        await person.log_in(PASSWORD)
        return person

    async def log_in(self, password: str) -> dict[str, Any]:
        body = {"username": self.username, "password": password}
        session = (await self.http.post("/v1/sessions", json=body)).raise_for_status().json()
        self.token = session["accessToken"]
        return session

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.http.get(path, params=parameters, headers=self.headers)

    async def post(self, path: str, body: Any = None, **arguments: Any) -> httpx.Response:
        return await self.http.post(path, json=body or {}, headers=self.headers, **arguments)

    async def import_package(self, archive: bytes, **parameters: Any) -> httpx.Response:
        headers = self.headers | {"content-type": "application/zip"}
        return await self.http.post(
            "/v1/problems:import", params=parameters, content=archive, headers=headers, timeout=120
        )

    async def submit(self, problem: str, language: str, code: str, name: str = "main", **extra: Any) -> httpx.Response:
        suffix = {"python3": ".py", "cpp": ".cpp", "c": ".c", "java": ".java"}.get(language, ".txt")
        file = {"name": name if "." in name else name + suffix, "content": code}
        return await self.post(f"/v1/{problem}/submissions", {"language": language, "files": [file], **extra})

    async def watch(
        self, submission: str, *, cursor: str = "", accept: str = "application/x-ndjson"
    ) -> AsyncIterator[dict[str, Any]]:
        """The items of the watch stream, to its end."""
        path, parameters = f"/v1/{submission}:watch", {"cursor": cursor} if cursor else {}
        headers = self.headers | {"accept": accept}
        async with self.http.stream("GET", path, params=parameters, headers=headers, timeout=120) as response:
            if response.is_error:
                await response.aread()
                response.raise_for_status()
            async for line in response.aiter_lines():
                if text := line.removeprefix("data:").strip():
                    yield json.loads(text)

    async def verdict(self, submission: str, accept: str = "application/x-ndjson") -> dict[str, Any]:
        """The final submission, as the watch stream tells it; taken up again where the stream breaks."""
        cursor = ""
        while True:
            try:
                async for item in self.watch(submission, cursor=cursor, accept=accept):
                    cursor = item["cursor"]
                    update = item.get("update") or {}
                    if update.get("state") in FINAL:
                        return update["submission"]
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                if isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500:
                    raise


def ok(response: httpx.Response) -> httpx.Response:
    """The response, where the request succeeded; else what the server said is the test's failure."""
    assert response.is_success, response.text
    return response


def reason(response: httpx.Response) -> str:
    """The ErrorInfo's reason of a refused request."""
    for detail in response.json()["details"]:
        if detail["@type"].endswith("ErrorInfo"):
            return detail["reason"]
    raise AssertionError(f"no ErrorInfo: {response.text}")
