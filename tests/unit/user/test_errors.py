"""The reasons of errors."""

import pytest

from judgemesh.type.v1 import error_reason_pb2 as common
from judgemesh.user.v1 import error_reason_pb2 as own
from services.common.errors import DomainError
from services.user import errors

RAISED = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, DomainError) and value.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", RAISED)
def test_each_reason_is_in_a_proto(error: type[DomainError]) -> None:
    """A client finds every reason in the API's description."""
    known = {*common.ErrorReason.keys(), *own.ErrorReason.keys()}

    assert f"ERROR_REASON_{error.reason}" in known
