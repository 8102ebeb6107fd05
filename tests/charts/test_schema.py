"""The charts refuse values that they do not know, and say which."""

from pathlib import Path

import pytest

from tests.charts.charts import OPERATOR, PLATFORM, render

SERVICE = "services.contest.port=50054,services.contest.protoServices={judgemesh.contest.v1.ContestService}"

REFUSED = [
    (PLATFORM, "gatway.replicas=2", "gatway"),
    (PLATFORM, "gateway.replica=2", "replica"),
    (PLATFORM, "gateway.replicas=-1", "replicas"),
    (PLATFORM, "gateway.service.type=Loadbalancer", "type"),
    (PLATFORM, "gateway.service.port=70000", "port"),
    (PLATFORM, "gateway.spec.listner.port=1", "listner"),
    (PLATFORM, "images.pullPolicy=Sometimes", "pullPolicy"),
    (PLATFORM, "defaults.replicas=many", "replicas"),
    (PLATFORM, "defaults.resources.limit.memory=1Gi", "limit"),
    (PLATFORM, "defaults.resources.limits.memory=lots", "memory"),
    (PLATFORM, "defaults.mesh.retry.attempts=1", "retry"),
    (PLATFORM, "defaults.drain.second=1", "second"),
    (PLATFORM, "services.user.dependancies={problem}", "dependancies"),
    (PLATFORM, "services.contest.port=50054", "protoServices"),
    (PLATFORM, f"{SERVICE},services.Contest.port=1", "Contest"),
    (PLATFORM, "judgePools.default.languges={c}", "languges"),
    (PLATFORM, "judgePools.more.workers.max=3", "languages"),
    (PLATFORM, "mesh.certificates=files", "certificates"),
    (PLATFORM, "accounts.registration=maybe", "registration"),
    (PLATFORM, "telemetry.sampling=2", "sampling"),
    (PLATFORM, "telemetry.endpoint=collector", "endpoint"),
    (PLATFORM, "postgresql.storage.size=big", "size"),
    (OPERATOR, "xds.replica=2", "replica"),
    (OPERATOR, "crds.keep=true", "keep"),
    (OPERATOR, "identity.certificates=files", "certificates"),
    (OPERATOR, "logLevel=loud", "logLevel"),
]


@pytest.mark.parametrize(("chart", "value", "named"), REFUSED, ids=[value for _, value, _ in REFUSED])
def test_a_value_that_is_not_right_is_refused_by_name(helm: Path, chart: Path, value: str, named: str) -> None:
    """Also what is merely misspelt: it would be ignored silently."""
    done = render(helm, chart, "--set", value)

    assert 0 != done.returncode
    assert named in done.stderr


@pytest.mark.parametrize(
    ("chart", "value"),
    [
        (PLATFORM, SERVICE),
        (PLATFORM, "services.user.mesh.timeouts.unary=3s"),
        (PLATFORM, "judgePools.more.languages={c}"),
        (PLATFORM, "global.anything=goes"),
        (OPERATOR, "xds.replicas=5"),
    ],
)
def test_a_value_that_is_right_is_taken(helm: Path, chart: Path, value: str) -> None:
    """A new service is one entry."""
    assert (0, "") == ((done := render(helm, chart, "--set", value)).returncode, done.stderr)
