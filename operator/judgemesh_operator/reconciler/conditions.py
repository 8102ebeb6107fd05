"""A resource's conditions, as a function of the resource, what is wrong with it, and what proxies report. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from judgemesh_operator.api.resources import Problem
from judgemesh_operator.api.statuses import Condition, State
from judgemesh_operator.reconciler.reports import Refusal, Report

MESSAGE = 1000
"""Characters; whoever wants more asks `judgemesh mesh status`."""
ERROR = 200
"""Of Envoy's error text: what is wrong stands at its end, behind a dump of what it is in."""
SHOWN = 3

Verdict = tuple[Literal["True", "False", "Unknown"], str, str]
"""Status, reason, message."""


def accepted(problems: Sequence[Problem]) -> Verdict:
    """Whether everything that the resource names is there, and nothing is claimed twice."""
    if not problems:
        return "True", "Accepted", "every name in it leads somewhere"
    return "False", "Invalid", _list(f"{problem.field}: {problem.message}".removeprefix(": ") for problem in problems)


def programmed(generation: int, report: Report | None, *, is_accepted: bool) -> Verdict:
    """Whether all connected proxies have acknowledged this generation."""
    if not is_accepted:
        return "False", "NotAccepted", "proxies go on with what they were told before, if anything"
    if report is None:
        return "Unknown", "NoControlPlane", "no replica of the control plane has reported"
    if report.generation < generation:
        return "False", "Pending", f"the control plane has seen generation {report.generation} of {generation}"
    if report.acknowledged < report.proxies:
        return "False", "Pending", f"{report.acknowledged} of {report.proxies} proxies have acknowledged it"
    if not report.proxies:
        return "True", "NoProxies", "no connected proxy needs it"
    return "True", "Programmed", "all connected proxies that need it have acknowledged it"


def degraded(report: Report | None) -> Verdict:
    """Which proxy refused what."""
    if report is None or not report.refusals:
        return "False", "NoRefusals", "no connected proxy refuses it"
    return "True", "Refused", _list(_said(refusal) for refusal in report.refusals)


def state(conditions: Iterable[Condition]) -> State:
    """All conditions in one word."""
    status = {condition.type: condition.status for condition in conditions}
    if status.get("Accepted") == "False":
        return "Refused"
    if status.get("Degraded") == "True":
        return "Degraded"
    return "Ready" if status.get("Programmed", status.get("Available")) == "True" else "Pending"


def trouble(conditions: Iterable[Condition]) -> str | None:
    """What is wrong, for one line of `kubectl get`: the worst of it."""
    wrong = (("Accepted", "False"), ("Degraded", "True"), ("Programmed", "False"), ("Available", "False"))
    messages = {(condition.type, condition.status): condition.message for condition in conditions}
    return next((messages[each] for each in wrong if each in messages), None)


def condition(kind: str, verdict: Verdict, generation: int, before: Sequence[Condition], now: datetime) -> Condition:
    """The verdict as a condition, whose time is that of its last change."""
    status, reason, message = verdict
    last = next((each for each in before if each.type == kind and each.status == status), None)
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:MESSAGE],
        last_transition_time=last.last_transition_time if last else now.replace(microsecond=0),
        observed_generation=generation,
    )


def conditions_of(status: Any) -> tuple[Condition, ...]:
    """Those that a resource's status has now. What cannot be read is not there: it is about to be written anew."""
    try:
        return tuple(Condition.model_validate(each) for each in (status or {}).get("conditions") or ())
    except ValueError:
        return ()


def _said(refusal: Refusal) -> str:
    return f"{refusal.proxy} refuses {refusal.resource}: {refusal.error[-ERROR:]}"


def _list(texts: Iterable[str]) -> str:
    said = list(texts)
    rest = f"; and {len(said) - SHOWN} more" if len(said) > SHOWN else ""
    return "; ".join(said[:SHOWN]) + rest
