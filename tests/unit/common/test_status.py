"""From errors to google.rpc.Status, and what of another service's answer our own caller learns."""

from datetime import timedelta

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from services.common import status
from services.common.errors import (
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
)

SOCKETS = "upstream connect error or disconnect/reset before headers: 10.0.0.7:50052"


class ProblemNotFound(NotFound):
    reason = "PROBLEM_NOT_FOUND"


def answered(code: grpc.StatusCode, text: str, error: Exception | None = None) -> grpc.aio.AioRpcError:
    """What a client sees; with details where the callee raised ``error``."""
    details = [] if error is None else [(status.DETAILS_KEY, status.to_status(error).SerializeToString())]  # type: ignore[arg-type]
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*details), text)


def test_an_error_tells_its_reason_and_metadata() -> None:
    """Programs read these, people the message (AIP-193)."""
    answer = status.to_status(ProblemNotFound("there is no problem 'sums'", problem="problems/sums"))
    info = ErrorInfo()
    answer.details[0].Unpack(info)

    assert (5, "there is no problem 'sums'") == (answer.code, answer.message)
    assert ErrorInfo(reason="PROBLEM_NOT_FOUND", domain="judgemesh.dev", metadata={"problem": "problems/sums"}) == info


def test_wrong_fields_are_named() -> None:
    """Each with its path and why."""
    answer = status.to_status(InvalidArgument("wrong", violations=[FieldViolation("files[0].name", "is empty", "R")]))
    bad = BadRequest()
    answer.details[1].Unpack(bad)

    assert [("files[0].name", "is empty", "R")] == [(v.field, v.description, v.reason) for v in bad.field_violations]


def test_a_quota_says_when_to_come_back() -> None:
    """In a RetryInfo, as clients know it."""
    answer = status.to_status(ResourceExhausted("slow down", retry_after=timedelta(seconds=1.5)))
    retry = RetryInfo()
    answer.details[1].Unpack(retry)

    assert timedelta(seconds=1.5) == retry.retry_delay.ToTimedelta()


@pytest.mark.parametrize("error", [ProblemNotFound("no"), FailedPrecondition("not now")], ids=["missing", "state"])
def test_a_callees_answer_is_passed_on_whole(error: NotFound | FailedPrecondition) -> None:
    """Code, message, reason and all."""
    code = status.code_of(error.code)

    assert status.to_status(error) == status.passed_on(answered(code, error.message, error))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, "SERVICE_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"),
    ],
)
def test_a_proxys_text_is_not_passed_on(code: grpc.StatusCode, reason: str) -> None:
    """The code is, with a reason; hosts and sockets are not the caller's business."""
    answer = status.passed_on(answered(code, SOCKETS))

    assert answer is not None
    assert (code, reason) == (status.code_of(answer.code), status.reason(answer))
    assert "10.0.0.7" not in answer.message


@pytest.mark.parametrize("code", [grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND])
def test_a_failure_of_a_callee_is_ours(code: grpc.StatusCode) -> None:
    """So is an answer that no service of ours gave."""
    assert status.passed_on(answered(code, "a bug")) is None
