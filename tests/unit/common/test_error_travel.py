"""Errors between processes."""

import pickle
from datetime import timedelta

import pytest

from services.common.errors import DomainError, FieldViolation, InvalidArgument, ResourceExhausted


class Full(ResourceExhausted):
    reason = "FULL"

    def __init__(self) -> None:
        super().__init__("full", retry_after=timedelta(minutes=1))


class Unsupported(InvalidArgument):
    reason = "UNSUPPORTED"

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} is not supported", violations=[FieldViolation("a", "b")], kind=kind)


@pytest.mark.parametrize("error", [Full(), Unsupported("x")], ids=["no argument", "an argument of its own"])
def test_an_error_arrives_in_another_process_as_it_was(error: DomainError) -> None:
    """Whatever its constructor takes, message, metadata and details are the same."""
    arrived = pickle.loads(pickle.dumps(error))

    assert (type(error), str(error), vars(error)) == (type(arrived), str(arrived), vars(arrived))
