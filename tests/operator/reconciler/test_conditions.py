"""Conditions, as a function of what is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from judgemesh_operator.api.resources import Problem
from judgemesh_operator.api.statuses import Condition
from judgemesh_operator.cluster.collections import GRPC_SERVICES
from judgemesh_operator.reconciler.conditions import accepted, condition, degraded, programmed
from judgemesh_operator.reconciler.events import happenings
from judgemesh_operator.reconciler.patience import Patience
from judgemesh_operator.reconciler.reports import Refusal, Report, ReportBook, together
from judgemesh_operator.reconciler.statuses import as_json, patience, proxied_status
from judgemesh_operator.reconciler.writer import Change

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
PROBLEM = Problem("GrpcService/notes", "spec.dependencies", "there is no GrpcService keys")
REFUSAL = Refusal("edge-1", "clusters notes", "unknown lb_policy")


@pytest.mark.parametrize(
    ("report", "is_accepted", "expected"),
    [
        pytest.param(None, True, ("Unknown", "NoControlPlane"), id="nobody has reported"),
        pytest.param(None, False, ("False", "NotAccepted"), id="refused before any proxy saw it"),
        pytest.param(Report(1, 2, 2), True, ("False", "Pending"), id="an older generation"),
        pytest.param(Report(2, 2, 1), True, ("False", "Pending"), id="a proxy is behind"),
        pytest.param(Report(2, 2, 2), True, ("True", "Programmed"), id="all have it"),
        pytest.param(Report(2), True, ("True", "NoProxies"), id="nobody needs it"),
    ],
)
def test_programmed(report: Report | None, is_accepted: bool, expected: tuple[str, str]) -> None:
    """Programmed says whether all connected proxies have acknowledged this generation."""
    assert programmed(2, report, is_accepted=is_accepted)[:2] == expected


def test_accepted() -> None:
    """Accepted lists what is wrong, but not without end."""
    many = [Problem("GrpcService/notes", f"spec.{number}", "is wrong") for number in range(5)]

    assert accepted([])[0] == "True"
    assert accepted([PROBLEM]) == ("False", "Invalid", "spec.dependencies: there is no GrpcService keys")
    assert accepted(many)[2] == "spec.0: is wrong; spec.1: is wrong; spec.2: is wrong; and 2 more"


def test_degraded() -> None:
    """Degraded says which proxy refused what, with the end of its error, where Envoy says what is wrong."""
    long = Refusal("edge-1", "clusters notes", "x" * 1000 + "unknown lb_policy")

    status, _, message = degraded(Report(1, 1, 0, refusals=(long,)))

    assert status == "True"
    assert message.startswith("edge-1 refuses clusters notes: x")
    assert message.endswith("unknown lb_policy")
    assert len(message) < 300


def test_transition_time() -> None:
    """A condition's time is that of its last change of status, not of its message."""
    before = condition("Programmed", ("False", "Pending", "1 of 2"), 1, [], NOW)
    same = condition("Programmed", ("False", "Pending", "0 of 2"), 1, [before], LATER)
    changed = condition("Programmed", ("True", "Programmed", ""), 1, [same], LATER)

    assert (same.last_transition_time, changed.last_transition_time) == (NOW, LATER)


def test_replicas_together() -> None:
    """Each proxy is connected to one replica, so numbers add up; the slowest replica's generation counts."""
    found = together([Report(2, 3, 3), Report(1, 2, 1, refusals=(REFUSAL,))])

    assert found == Report(1, 5, 4, refusals=(REFUSAL,))


def test_lost_replica() -> None:
    """A replica that is lost counts as if it had never reported."""
    book = ReportBook()
    book.expect(["one", "two"])
    for replica in ("one", "two"):
        book.connected(replica)
        book.changed(replica, {"GrpcService/notes": Report(1, 1, 1)}, [])
    book.lost("one")
    book.changed("two", {}, ["GrpcService/notes"])

    assert book.replicas == 1
    assert book.of("GrpcService/notes") is None


def status(report: Report | None, before: Any = None, problems: Any = (), now: datetime = NOW) -> dict[str, Any]:
    return as_json(proxied_status(1, before, problems, report, now))


@pytest.mark.parametrize(
    ("report", "problems", "expected"),
    [
        (None, (), "Pending"),
        (Report(1, 1, 0), (), "Pending"),
        (Report(1, 1, 1), (), "Ready"),
        (Report(1, 2, 1, refusals=(REFUSAL,)), (), "Degraded"),
        (Report(1, 1, 1), (PROBLEM,), "Refused"),
    ],
)
def test_state(report: Report | None, problems: Any, expected: str) -> None:
    """The state is all conditions in one word: the worst."""
    assert status(report, problems=problems)["state"] == expected


def test_nothing_new() -> None:
    """The same again gives the same status, later too: nothing is written."""
    before = status(Report(1, 1, 1))

    assert status(Report(1, 1, 1), before, now=LATER) == before


def test_short_lag_is_held_back() -> None:
    """That a proxy is behind for a moment, after it had everything, is written only when it lasts."""
    ready = status(Report(1, 2, 2))
    behind = status(Report(1, 2, 1), ready)
    change = Change(GRPC_SERVICES, {"metadata": {"uid": "u"}, "status": ready}, behind)
    waiting = Patience()

    first, soon = waiting.ripe([change], NOW), waiting.ripe([change], NOW + timedelta(seconds=4))
    long = waiting.ripe([change], NOW + timedelta(seconds=5))

    assert (first, soon, long) == ([], [], [change])


def test_new_generation_is_not_held_back() -> None:
    """A new generation that is not everywhere yet is said at once."""
    ready = status(Report(1, 2, 2))

    assert patience({**ready, "observedGeneration": 0}, status(Report(1, 2, 1))) == timedelta()


@pytest.mark.parametrize("refusals", [(), (REFUSAL,)])
def test_silence_is_held_back(refusals: Any) -> None:
    """While the control plane says nothing, what it said last stands for a minute, good or bad."""
    before = status(Report(1, 2, 2, refusals=refusals))

    assert patience(before, status(None, before)) == timedelta(minutes=1)
    assert patience(before, status(None, before, [PROBLEM])) == timedelta()


def test_first_reports() -> None:
    """At the beginning reports count when all replicas that are there have reported, or had time enough."""
    now = 0.0
    book = ReportBook(clock=lambda: now)
    book.expect(["one", "two"])
    book.connected("one")
    book.changed("one", {"GrpcService/notes": Report(1, 1, 1)}, [])

    early = book.of("GrpcService/notes")
    now = 5.0

    assert early is None
    assert book.of("GrpcService/notes") == Report(1, 1, 1)


def test_events() -> None:
    """Warnings when it becomes bad, news when it is good again or first programmed; nothing when it stays."""

    def of(kind: str, state: Any, reason: str) -> Condition:
        return condition(kind, (state, reason, "m"), 1, [], NOW)

    fresh = [of("Accepted", "True", "Accepted"), of("Programmed", "False", "Pending")]
    done = [of("Accepted", "True", "Accepted"), of("Programmed", "True", "Programmed")]
    bad = [of("Accepted", "False", "Invalid"), of("Programmed", "False", "NotAccepted")]

    def reasons(before: Any, after: Any) -> list[tuple[str, str]]:
        return [(each.type, each.reason) for each in happenings(before, after)]

    assert reasons([], fresh) == []
    assert reasons(fresh, done) == [("Normal", "Programmed")]
    assert reasons(done, done) == []
    assert reasons(done, bad) == [("Warning", "Invalid")]
    assert reasons(bad, done) == [("Normal", "Accepted"), ("Normal", "Programmed")]
