"""Interactive problems: program and validator run at the same time, each reading what the other writes.

The pipes between them are plain ones, without anybody in between: what a hundred thousand questions and answers cost
is what the kernel takes for them. The worker holds every end of both until the side that it belongs to has ended. So
nobody sees an end of input or a broken pipe before the other side's end is known, and who ended first is never a race.
Once the program has ended, what the validator still writes is read and dropped, so that it can come to its verdict.
Source: what problemtools, BAPCtools and DOMjudge do.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest
from services.execution.worker.slot import Slot
from services.execution.worker.validation import Validation, ValidatorInvalid
from services.execution.worker.verdicts import Ruling, Verdict, judge_run

_PIPE_BYTES: Final = 1 << 20
"""So that neither side waits soon where both write first and read later: what an unprivileged process may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """How both sides ended."""

    program: RunReport
    validator: RunReport

    @property
    def validator_first(self) -> bool:
        return self.validator.ended_at < self.program.ended_at


async def run_pair(program: RunRequest, validator: RunRequest, slot: Slot) -> Pair:
    """Run both to their ends. Raises SandboxError."""
    with _Pipe() as questions, _Pipe() as answers:
        try:
            async with asyncio.TaskGroup() as tasks:
                judging = tasks.create_task(
                    slot.validator.run(replace(validator, stdin=answers.read, stdout=questions.write)), name="validator"
                )
                answering = tasks.create_task(
                    slot.program.run(replace(program, stdin=questions.read, stdout=answers.write)), name="program"
                )
                judging.add_done_callback(lambda _: questions.close_write())
                judging.add_done_callback(lambda _: answers.close_read())
                answering.add_done_callback(lambda _: answers.close_write())
                await asyncio.wait([answering])
                async with _drained(questions):
                    await asyncio.wait([judging])
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        return Pair(program=answering.result(), validator=judging.result())


def judge_pair(
    pair: Pair, limits: RunLimits, out_of_memory: Sequence[str], said: Callable[[], Validation]
) -> Validation:
    """What comes of a pair; `said` is what the validator says, or raises ValidatorInvalid.

    Who failed first has failed, and whatever the other side does then is a consequence. A validator that fails only
    after the program had is no fault of the program's, and takes nothing from its verdict; but a program that
    waited until its time was over for one that never ended is not to blame.
    """
    ended = _judge_program(pair.program, limits, out_of_memory)
    try:
        validation = said()
    except ValidatorInvalid:
        waited = pair.program.exceeded is Limit.WALL_TIME and pair.validator.exceeded is not None
        if ended is None or pair.validator_first or waited:
            raise
        return Validation(ruling=ended)
    if ended is None or (pair.validator_first and validation.ruling.verdict is Verdict.WRONG_ANSWER):
        return validation
    return Validation(ruling=ended, judge_message=validation.judge_message)


def _judge_program(report: RunReport, limits: RunLimits, out_of_memory: Sequence[str]) -> Ruling | None:
    """As of any run, but to write to a validator that has ended is no fault: that one has decided."""
    if report.exceeded is None and report.signal == signal.SIGPIPE:
        return None
    return judge_run(report, limits, out_of_memory)


class _Pipe:
    """A pipe, whose ends are closed once each."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe2(os.O_CLOEXEC)
        self._open = {self.read, self.write}
        with contextlib.suppress(OSError):
            fcntl.fcntl(self.read, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_read()
        self.close_write()

    def close_read(self) -> None:
        self._close(self.read)

    def close_write(self) -> None:
        self._close(self.write)

    def _close(self, end: int) -> None:
        if end in self._open:
            self._open.remove(end)
            os.close(end)


@contextlib.asynccontextmanager
async def _drained(pipe: _Pipe) -> AsyncIterator[None]:
    """Whatever is written meanwhile is read and dropped."""
    loop = asyncio.get_running_loop()
    os.set_blocking(pipe.read, False)

    def drop() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(pipe.read, _PIPE_BYTES):
                loop.remove_reader(pipe.read)

    loop.add_reader(pipe.read, drop)
    try:
        yield
    finally:
        loop.remove_reader(pipe.read)
