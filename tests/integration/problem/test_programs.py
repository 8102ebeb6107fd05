"""The programs of packages."""

from collections.abc import Callable

import pytest

from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.type.v1 import verdict_pb2
from tests.integration.problem.client import Client
from tests.integration.problem.packages import package
from tests.integration.refusals import refusal

User = Callable[[str], Client]


async def listed(client: Client, problem: str, size: int = 0) -> list[list[pb.PackageProgram]]:
    """The programs by page."""
    pages: list[list[pb.PackageProgram]] = []
    token = ""
    while token or not pages:
        request = service_pb.ListPackageProgramsRequest(parent=f"problems/{problem}", page_size=size, page_token=token)
        answer = await client.call("ListPackagePrograms", request)
        pages.append(list(answer.programs))
        token = answer.next_page_token
    return pages


async def test_programs_are_listed_for_their_owner(user: User) -> None:
    """Submissions with what is expected of them, then input validators; those of the newest revision, page by page."""
    setter = user("pat+setter")
    await setter.import_package(package("programs", **{"submissions/accepted/old.c": ""}))
    changed = {"submissions/wrong_answer/no.cpp": "", "input_validators/check.py": ""}
    await setter.import_package(package("programs", **changed))
    pages = await listed(setter, "programs", 2)
    found = [(each.path, each.kind, each.language, list(each.expected_verdicts)) for page in pages for each in page]

    assert [len(page) for page in pages] == [2, 1]
    assert found == [
        (
            "submissions/accepted/sum.py",
            pb.PACKAGE_PROGRAM_KIND_SUBMISSION,
            "python3",
            [verdict_pb2.VERDICT_ACCEPTED],
        ),
        (
            "submissions/wrong_answer/no.cpp",
            pb.PACKAGE_PROGRAM_KIND_SUBMISSION,
            "cpp",
            [verdict_pb2.VERDICT_WRONG_ANSWER],
        ),
        ("input_validators/check.py", pb.PACKAGE_PROGRAM_KIND_INPUT_VALIDATOR, "python3", []),
    ]


@pytest.mark.parametrize(("token", "reason"), [("eve", "PROBLEM_ACCESS_DENIED"), ("", "TOKEN_MISSING")])
async def test_programs_are_nobody_elses(user: User, token: str, reason: str) -> None:
    """Who may see a public problem does not see what is wrong in it."""
    setter = user("pat+setter")
    await setter.import_package(package("guarded"))
    await setter.publish("guarded")
    told = await refusal(listed(user(token), "guarded"))

    assert told.reason == reason


async def test_directors_list_them(user: User) -> None:
    """As they change every problem."""
    await user("pat+setter").import_package(package("directed"))

    assert len(await listed(user("dir+director"), "directed")) == 1
