"""One trace of a submission: from the gateway's request through every hop to each test, as it was really emitted."""

import httpx
import pytest

from tests.platform.client import SUM, Person, ok, small_package
from tests.platform.collector import Span, SpanCollector

pytestmark = pytest.mark.platform

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
CREATE = "/judgemesh.execution.v1.ExecutionService/CreateSubmission"
HOPS = {
    ("execution", "/judgemesh.execution.v1.ExecutionService/CreateSubmission"),
    ("problem", "/judgemesh.problem.v1.ProblemService/GetProblem"),
    ("execution", "publish judgemesh.judge."),
    ("worker", "judge python3"),
    ("worker", "compile"),
    ("worker", "test 1"),
    ("worker", "test 2"),
    ("worker", "test 3"),
    ("execution", "process judgemesh.judged."),
}


@pytest.fixture(scope="module")
async def trace(http: httpx.AsyncClient, spans: SpanCollector) -> tuple[str, list[Span]]:
    """The trace of one submission of three tests, begun by its sender; and the submission's name."""
    person = await Person.register(http)
    identifier = f"sum-{person.username}"
    ok(await person.import_package(small_package(identifier, tests=2)))
    headers = person.headers | {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    body = {"language": "python3", "files": [{"name": "main.py", "content": SUM}]}
    answer = await http.post(f"/v1/problems/{identifier}/submissions", json=body, headers=headers)
    submission = answer.raise_for_status().json()["name"]
    await person.verdict(submission)
    return submission, await spans.until(TRACE, HOPS, PARENT)


def span(spans: list[Span], service: str, name: str) -> Span:
    return next(each for each in spans if each.service == service and each.name.startswith(name))


def ancestors(spans: list[Span], of: Span) -> list[Span]:
    by_id = {each.id: each for each in spans}
    chain = []
    while (of := by_id.get(of.parent)) is not None:  # type: ignore[assignment]
        chain.append(of)
    return chain


async def test_every_test_case_hangs_below_the_gateways_span(trace: tuple[str, list[Span]]) -> None:
    """From a test's span up, one meets the worker, the queue, the execution service, and both Envoys' work."""
    _, spans = trace
    for number in (1, 2, 3):
        services = [each.service for each in ancestors(spans, span(spans, "worker", f"test {number}"))]

        assert services[0] == "worker"
        assert "execution" in services
        assert services[-1] == "gateway"


async def test_the_senders_trace_is_continued(trace: tuple[str, list[Span]]) -> None:
    """The gateway's first span is a child of the span that the client named in `traceparent`."""
    _, spans = trace

    assert any(each.service == "gateway" and each.parent == PARENT for each in spans)


async def test_a_call_between_services_shows_the_mesh_in_between(trace: tuple[str, list[Span]]) -> None:
    """The problem service's span hangs below the mesh's attempt, and that below the execution service's call."""
    _, spans = trace
    chain = [each.service for each in ancestors(spans, span(spans, "problem", "/judgemesh.problem.v1"))]

    assert chain[0] == "mesh"
    assert "execution" in chain


async def test_sql_is_part_of_the_trace(trace: tuple[str, list[Span]]) -> None:
    """Each service's statements are spans below its own."""
    _, spans = trace

    assert {"execution", "problem"} <= {
        each.service for each in spans if each.attributes.get("db.system") == "postgresql"
    }


async def test_judging_can_be_found_by_submission_and_problem(trace: tuple[str, list[Span]]) -> None:
    """Baggage carries both names through the queue onto every span of the worker."""
    submission, spans = trace
    judged = [each for each in spans if each.service == "worker"]

    assert judged
    assert {submission} == {each.attributes.get("judgemesh.submission") for each in judged}
    assert all(each.attributes.get("judgemesh.problem", "").startswith("problems/sum-") for each in judged)
