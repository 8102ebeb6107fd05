"""A problem's own output validator: how it is called, and what it leaves."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from services.execution.worker import feedback
from services.execution.worker.compilation import Program
from services.execution.worker.feedback import FeedbackInvalid
from services.execution.worker.sandbox.run import RunLimits, RunReport, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import Manifest
from services.execution.worker.validation import Protocol, Validation, ValidatorInvalid, judge_validation


@dataclass(slots=True, kw_only=True)
class CustomValidator:
    """A problem's own validator with one test, over all passes of the program on it."""

    sandbox: Sandbox
    program: Program
    protocol: Protocol
    manifest: Manifest
    flags: tuple[str, ...]
    directory: Path
    """The feedback directory, which is the validator's working directory: the one place that it may write to."""
    answer: Path
    input: Path
    """What the program reads in this pass, in a directory that is shown to the validator alone."""

    @property
    def _output(self) -> Path:
        return self.input.with_name("output")

    async def validate(self, output: bytes) -> Validation:
        """What the validator says of an output. Raises ValidatorInvalid, SandboxError."""
        with contextlib.ExitStack() as stack:
            stdin = stack.enter_context(_in_memory(output))
            if self.protocol is Protocol.TESTLIB:
                self._output.write_bytes(output)
                self._output.chmod(0o444)
                stack.callback(self._output.unlink)
            report = await self.sandbox.run(replace(self.request(), stdin=stdin))
        return self.judge(report)

    def request(self, *, extra_wall_seconds: float = 0) -> RunRequest:
        """A run of the validator, still without what it reads and writes."""
        limits = self.manifest.limits
        # A checker is shown the program's output; an interactor writes what it makes of it, and nobody reads that.
        output = "./output" if self.manifest.interactive else str(self._output)
        arguments = {
            Protocol.FORMAT: (str(self.input), str(self.answer), "./", *self.flags),
            Protocol.TESTLIB: (str(self.input), output, str(self.answer), *self.flags),
        }[self.protocol]
        request = self.program.request(
            RunLimits(
                cpu_seconds=limits.validation_time,
                wall_seconds=2 * limits.validation_time + 5 + extra_wall_seconds,
                memory_bytes=limits.validation_memory,
                output_bytes=limits.validation_output,
                file_bytes=limits.validation_output,
            ),
            arguments=arguments,
        )
        readable = (*request.readable, str(self.input.parent))
        return replace(request, readable=readable, workdir=str(self.directory))

    def judge(self, report: RunReport) -> Validation:
        """What the validator said in a run that ended. Raises ValidatorInvalid."""
        try:
            return judge_validation(self.protocol, report, feedback.read(self.directory))
        except FeedbackInvalid as error:
            raise ValidatorInvalid(f"the output validator is wrong: {error}") from error

    def take_next_pass(self) -> None:
        """What the validator wrote for the next pass becomes its input. Raises ValidatorInvalid."""
        try:
            feedback.take_next_pass(self.directory, self.input)
        except FeedbackInvalid as error:
            raise ValidatorInvalid(f"the output validator is wrong: {error}") from error


@contextlib.contextmanager
def _in_memory(output: bytes) -> Iterator[int]:
    """A descriptor that reads the bytes."""
    memory = os.memfd_create("output")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(output)
        reading = os.open(f"/proc/self/fd/{memory}", os.O_RDONLY)
        try:
            yield reading
        finally:
            os.close(reading)
    finally:
        os.close(memory)
