"""What the worker and a launcher say to each other over their socket pair.

A message is its length (4 bytes), a head in JSON, and bytes whose lengths the head tells. The descriptors of the
standard input and output, if any, travel with the first byte of a request.
"""

import dataclasses
import json
import os
import socket
import struct
from typing import Any, Final

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest, SandboxError

CANCEL: Final = "cancel"
_LENGTH = struct.Struct("=I")


def encode_request(request: RunRequest) -> bytes:
    """A request, without its descriptors: it tells which there are."""
    body = dataclasses.asdict(request)
    body["stdin"], body["stdout"] = request.stdin is not None, request.stdout is not None
    return _frame(json.dumps(body).encode())


def descriptors(request: RunRequest) -> list[int]:
    """What travels with a request."""
    return [descriptor for descriptor in (request.stdin, request.stdout) if descriptor is not None]


def encode_cancel() -> bytes:
    return _frame(json.dumps(CANCEL).encode())


def _frame(head: bytes) -> bytes:
    return _LENGTH.pack(len(head)) + head


def receive_request(control: socket.socket) -> RunRequest | str | None:
    """The next request, CANCEL, or None when the worker has closed the socket. Waits for it."""
    start, received, _, _ = socket.recv_fds(control, _LENGTH.size, 2)
    if not start:
        return None
    for descriptor in received:
        os.set_inheritable(descriptor, False)
    start += _receive(control, _LENGTH.size - len(start))
    body = json.loads(_receive(control, _LENGTH.unpack(start)[0]))
    if body == CANCEL:
        return CANCEL
    body["limits"] = RunLimits(**body["limits"])
    body["argv"], body["readable"] = tuple(body["argv"]), tuple(body["readable"])
    for name in ("stdin", "stdout"):
        body[name] = received.pop(0) if body[name] else None
    return RunRequest(**body)


def _receive(control: socket.socket, size: int) -> bytes:
    received = control.recv(size, socket.MSG_WAITALL) if size else b""
    if len(received) < size:
        raise ConnectionResetError("the worker ended within a message")
    return received


def send_report(control: socket.socket, report: RunReport) -> None:
    body: dict[str, Any] = {
        field.name: getattr(report, field.name)
        for field in dataclasses.fields(report)
        if field.name not in ("output", "error_output")
    }
    body["lengths"] = [len(report.output), len(report.error_output)]
    control.sendall(_frame(json.dumps(body).encode()) + report.output + report.error_output, socket.MSG_NOSIGNAL)


def send_failure(control: socket.socket, reason: str) -> None:
    control.sendall(_frame(json.dumps({"failure": reason, "lengths": [0, 0]}).encode()), socket.MSG_NOSIGNAL)


def decode_report(head: dict[str, Any], output: bytes, error_output: bytes) -> RunReport:
    """Raises SandboxError if the launcher could not run the program."""
    if "failure" in head:
        raise SandboxError(head["failure"])
    del head["lengths"]
    head["exceeded"] = Limit(head["exceeded"]) if head["exceeded"] else None
    return RunReport(output=output, error_output=error_output, **head)
