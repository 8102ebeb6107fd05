"""The reasons of errors."""

from types import ModuleType

import pytest

from judgemesh.execution.v1 import error_reason_pb2 as execution_pb
from judgemesh.problem.v1 import error_reason_pb2 as problem_pb
from judgemesh.type.v1 import error_reason_pb2 as common_pb
from judgemesh.user.v1 import error_reason_pb2 as user_pb
from services.common.errors import DomainError
from services.execution import errors as execution_errors
from services.problem import errors as problem_errors
from services.user import errors as user_errors


def raised(errors: ModuleType) -> list[type[DomainError]]:
    return [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, DomainError) and value.__module__ == errors.__name__
    ]


RAISED = [
    *((error, user_pb) for error in raised(user_errors)),
    *((error, problem_pb) for error in raised(problem_errors)),
    *((error, execution_pb) for error in raised(execution_errors)),
]


@pytest.mark.parametrize(("error", "own"), RAISED, ids=[error.__name__ for error, _ in RAISED])
def test_each_reason_is_in_a_proto(error: type[DomainError], own: ModuleType) -> None:
    """A client finds every reason of a service in the API's description."""
    known = {*common_pb.ErrorReason.keys(), *own.ErrorReason.keys()}

    assert f"ERROR_REASON_{error.reason}" in known
