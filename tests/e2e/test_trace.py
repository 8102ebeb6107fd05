"""One trace of a submission, as Jaeger on the cluster has it: every hop, and both Envoys at each call."""

import asyncio
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.cluster import node
from tests.e2e.cluster import Cluster
from tests.platform.client import SUM, Person, ok, small_package

CREATE = "judgemesh.execution.v1.ExecutionService/CreateSubmission"
GET = "judgemesh.problem.v1.ProblemService/GetProblem"
GATEWAY_TO_EXECUTION = [
    ("gateway", CREATE, "server"),
    ("gateway", CREATE, "client"),
    ("execution", CREATE, "server"),
    ("execution", CREATE, "client"),
    ("execution", f"/{CREATE}", "server"),
]
"""Both proxies have a span for the call that came and one for the call that they make; then the service."""
EXECUTION_TO_PROBLEM = [
    ("execution", f"/{GET}", "client"),
    ("execution", GET, "server"),
    ("execution", GET, "client"),
    ("problem", GET, "server"),
    ("problem", GET, "client"),
    ("problem", f"/{GET}", "server"),
]
TO_THE_TEST = [
    *GATEWAY_TO_EXECUTION,
    ("execution", "publish judgemesh.judge.python3", "producer"),
    ("worker", "judge python3", "consumer"),
    ("worker", "test 1", "internal"),
]

SENT = re.compile(r'^otelcol_exporter_sent_spans(?:_total)?{exporter="otlp_grpc",.*} (\S+)$', re.MULTILINE)

Hop = tuple[str, str, str]


@dataclass
class Span:
    """A span of Jaeger's query API."""

    hop: Hop
    tags: dict[str, Any]
    parent: "Span | None" = None
    children: list["Span"] = field(default_factory=list)

    def path(self) -> list[Hop]:
        """From the root to it."""
        return [*(self.parent.path() if self.parent else []), self.hop]

    def below(self) -> Iterator["Span"]:
        yield self
        for child in self.children:
            yield from child.below()


@pytest.fixture(scope="session")
def jaeger(cluster: Cluster) -> str:
    """Jaeger's query API, from this machine."""
    if not node.runs():
        pytest.skip("Jaeger's address is reached from the node alone")
    return f"http://{cluster.text('get', 'service', 'jaeger', '-o', 'jsonpath={.spec.clusterIP}')}:16686"


async def traced(jaeger: str, trace: str, *wanted: Hop) -> list[Span]:
    """The spans of a trace, once all that are wanted have arrived."""
    async with httpx.AsyncClient(base_url=jaeger, trust_env=False) as client, asyncio.timeout(60):
        while True:
            answer = await client.get(f"/api/traces/{trace}")
            found = spans(answer.json()["data"][0]) if answer.is_success and answer.json()["data"] else []
            if {each.hop for each in found} >= set(wanted):
                return found
            await asyncio.sleep(0.5)


def spans(trace: dict[str, Any]) -> list[Span]:
    known = {each["spanID"]: Span(hop(trace, each), tags(each)) for each in trace["spans"]}
    for each in trace["spans"]:
        span = known[each["spanID"]]
        span.parent = next((known[ref["spanID"]] for ref in each["references"] if ref["spanID"] in known), None)
        if span.parent:
            span.parent.children.append(span)
    return list(known.values())


def hop(trace: dict[str, Any], span: dict[str, Any]) -> Hop:
    service = trace["processes"][span["processID"]]["serviceName"]
    return service, span["operationName"], str(tags(span).get("span.kind", ""))


def tags(span: dict[str, Any]) -> dict[str, Any]:
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def begun() -> tuple[str, dict[str, str]]:
    """A trace that the caller begins, and the header that says so."""
    trace = secrets.token_hex(16)
    return trace, {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}


@pytest.fixture(scope="module")
def sent_before(cluster: Cluster, jaeger: str) -> int:
    """What the collector had passed on before the submission."""
    return sent(cluster)


def sent(cluster: Cluster) -> int:
    """The spans that the collector passed on to Jaeger since it runs."""
    selector = "--selector=app.kubernetes.io/name=collector"
    pod = next(each for each in cluster.objects("pods", selector) if not each["metadata"].get("deletionTimestamp"))
    metrics = httpx.get(f"http://{pod['status']['podIP']}:9090/metrics", trust_env=False).text
    counted = SENT.search(metrics)
    return int(float(counted[1])) if counted else 0


@pytest.fixture(scope="module")
async def submission(cluster: Cluster, http: httpx.AsyncClient, jaeger: str, sent_before: int) -> list[Span]:
    """The trace of one that was judged."""
    person = await Person.register(http)
    problem = f"trace-{person.username}"
    ok(await person.import_package(small_package(problem, tests=1), problemId=problem))
    trace, header = begun()
    body = {"language": "python3", "files": [{"name": "main.py", "content": SUM}]}
    answer = await http.post(f"/v1/problems/{problem}/submissions", json=body, headers=person.headers | header)
    await person.verdict(ok(answer).json()["name"])
    return await traced(jaeger, trace, *TO_THE_TEST, *EXECUTION_TO_PROBLEM, ("worker", "test 2", "internal"))


@pytest.mark.parametrize(
    ("last", "path"),
    [(TO_THE_TEST[-1], TO_THE_TEST), (EXECUTION_TO_PROBLEM[-1], [*GATEWAY_TO_EXECUTION, *EXECUTION_TO_PROBLEM])],
)
def test_each_hop_hangs_below_the_one_before(submission: list[Span], last: Hop, path: list[Hop]) -> None:
    """A test below its judging, a service's work below both proxies of its caller's and its own side."""
    found = next(each for each in submission if each.hop == last)

    assert path == found.path()


def test_the_spans_came_through_the_collector(cluster: Cluster, sent_before: int, submission: list[Span]) -> None:
    """It passed on at least as many as the trace has."""
    assert sent_before + len(submission) <= sent(cluster)


def test_the_verdict_comes_back_into_the_trace(submission: list[Span]) -> None:
    """What the worker says of a test, the execution service takes in: below the worker's judging."""
    judging = next(each for each in submission if each.hop == ("worker", "judge python3", "consumer"))

    assert ("execution", "process judgemesh.judged.>", "consumer") in {each.hop for each in judging.below()}


def test_what_went_well_has_no_error(submission: list[Span]) -> None:
    """And each proxy says to which cluster the call went, and how it ended."""
    wrong = [each.hop for each in submission if each.tags.get("error")]
    proxies = [each for each in submission if each.tags.get("component") == "proxy"]

    assert [] == wrong
    assert {"0"} == {each.tags["grpc.status_code"] for each in proxies}
    assert {"execution", "problem", "app"} <= {each.tags["upstream_cluster.name"] for each in proxies}


async def test_an_error_is_tagged_at_each_hop(http: httpx.AsyncClient, jaeger: str) -> None:
    """A submission to a problem that is not there: NOT_FOUND comes from the problem service through all of them."""
    person = await Person.register(http)
    trace, header = begun()
    body = {"language": "python3", "files": [{"name": "main.py", "content": SUM}]}
    answer = await http.post("/v1/problems/not-there/submissions", json=body, headers=person.headers | header)
    found = await traced(jaeger, trace, *GATEWAY_TO_EXECUTION, *EXECUTION_TO_PROBLEM)
    hops = [*GATEWAY_TO_EXECUTION, *EXECUTION_TO_PROBLEM]
    codes = {each.hop: ending(each.tags) for each in found if each.hop in hops}

    assert 404 == answer.status_code
    assert {**dict.fromkeys(hops, "5"), hops[0]: "404"} == codes


def ending(tags: dict[str, Any]) -> str:
    """The gateway's caller speaks HTTP, all others gRPC: NOT_FOUND is 5."""
    return str(tags.get("grpc.status_code") or tags.get("rpc.grpc.status_code") or tags.get("http.status_code"))
