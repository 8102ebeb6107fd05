"""`judgemesh up` as a program: start, second instance, stop, crash, start again."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

pytestmark = pytest.mark.platform


class Up:
    """A running `judgemesh up --json`."""

    def __init__(
        self, process: asyncio.subprocess.Process, answer: dict[str, Any], parts: list[dict[str, Any]]
    ) -> None:
        self.process = process
        self.answer = answer
        self.parts = parts

    @classmethod
    async def start(cls, home: Path, *options: str) -> "Up":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.cli", "up", "--json", "--data-dir", str(home), *options),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout
        parts: list[dict[str, Any]] = []
        while line := await process.stdout.readline():
            document = json.loads(line)
            if "ready" in document:
                return cls(process, document, parts)
            parts.append(document)
        raise AssertionError(parts)

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    async def end(self, number: signal.Signals) -> int:
        """The exit code, once it and everything it started are gone."""
        descendants = self.descendants()
        self.process.send_signal(number)
        assert self.process.stdout
        rest = await self.process.stdout.read()
        self.parts += [json.loads(line) for line in rest.splitlines()]
        code = await self.process.wait()
        async with asyncio.timeout(20):
            while [one for one in descendants if alive(one)]:
                await asyncio.sleep(0.02)
        return code


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    made = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="judgemesh-up-"))
    os.chmod(made, 0o755)  # noqa: PTH101 - for PostgreSQL's user, as in conftest.py
    yield made
    await asyncio.to_thread(shutil.rmtree, made)


Start = Callable[..., Awaitable[Up]]


@pytest.fixture
async def start(home: Path) -> AsyncIterator[Start]:
    """Starts instances on one data directory; none outlives the test."""
    started: list[Up] = []

    async def up(*options: str) -> Up:
        started.append(await Up.start(home, *options))
        return started[-1]

    yield up
    for one in started:
        if one.process.returncode is None:
            await one.end(signal.SIGKILL)


async def test_life_of_an_instance(start: Start) -> None:
    """It seeds, answers, keeps others off its data, stops in reverse order, and goes on with its data after a stop."""
    up = await start("--ports", "auto")
    url = up.answer["url"]
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        listed = (await http.get("/v1/problems")).json()["problems"]
    second = await start("--ports", "auto")
    refused = await second.process.wait()
    code = await up.end(signal.SIGTERM)
    started = [part["part"] for part in up.parts if part["stage"] == "stopped"]
    again = await start("--ports", "auto")
    seeding = next(part for part in again.parts if part["part"] == "samples" and part["stage"] == "ready")
    await again.end(signal.SIGINT)

    assert {problem["name"].removeprefix("problems/") for problem in listed} == set(up.answer["problems"])
    assert set(up.answer["accounts"]) == {"admin", "setter", "alice", "bob"}
    assert refused == 1
    assert url in second.answer["error"]
    assert code == 0
    assert started[0] == "gateway"
    assert started[-1] == "postgres"
    assert again.answer["accounts"] == up.answer["accounts"]
    assert seeding["detail"] == "nothing new"


async def test_killed_instance_leaves_nothing_and_starts_again(start: Start) -> None:
    """After SIGKILL none of its processes remains, and the next start finds its way with what was left."""
    up = await start("--ports", "auto", "--no-seed")
    await up.end(signal.SIGKILL)
    again = await start("--ports", "auto", "--no-seed")
    code = await again.end(signal.SIGTERM)

    assert again.answer["ready"] is True
    assert code == 0


async def test_busy_port_is_named(start: Start) -> None:
    """A port that another program has ends the start with the port, the program and the way out."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    up = await start("--port", str(port), "--ports", "auto")
    code = await up.process.wait()
    server.close()
    await server.wait_closed()

    assert code == 1
    assert f"Port {port}" in up.answer["error"]
    assert f"(process {os.getpid()})" in up.answer["error"]
    assert "--port" in up.answer["remedy"]
