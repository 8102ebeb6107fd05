"""The environment of the services' processes."""

import pytest

from services.cli.local import services
from services.cli.local.collector import Collector
from services.cli.local.ports import default_ports


def made(collector: Collector | None = None, **extra: str) -> dict[str, str]:
    return services.environment("user", default_ports(), nats_url="nats://n", collector=collector, extra=extra)


def test_tokens_of_the_command_line_stay_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller's token and password do not reach services and workers; what tunes a service does."""
    monkeypatch.setenv("JUDGEMESH_TOKEN", "jmt_secret")
    monkeypatch.setenv("JUDGEMESH_PASSWORD", "secret")
    monkeypatch.setenv("JUDGEMESH_LOG_LEVEL", "DEBUG")
    environment = made()

    assert "JUDGEMESH_TOKEN" not in environment
    assert "JUDGEMESH_PASSWORD" not in environment
    assert environment["JUDGEMESH_LOG_LEVEL"] == "DEBUG"


def test_this_run_decides_over_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses and the collector are this run's, whatever the caller's environment has; options come last."""
    monkeypatch.setenv("JUDGEMESH_MESH_ADDRESS", "elsewhere:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://elsewhere:1")
    environment = made(Collector("http://127.0.0.1:4317"), JUDGEMESH_GRACE_SECONDS="1")

    assert environment["JUDGEMESH_MESH_ADDRESS"] == "127.0.0.1:15001"
    assert environment["JUDGEMESH_METRICS_LISTEN"] == "127.0.0.1:60051"
    assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4317"
    assert environment["JUDGEMESH_GRACE_SECONDS"] == "1"


def test_native_programs_see_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL, NATS and Envoy get a small environment of their own."""
    monkeypatch.setenv("JUDGEMESH_TOKEN", "jmt_secret")

    assert set(services.native_environment()) <= {"PATH", "HOME", "TZ", "LC_ALL"}
