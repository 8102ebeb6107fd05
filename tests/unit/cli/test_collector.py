"""The collector as Envoy and the services are told of it."""

import pytest

from services.cli.local.collector import Collector, from_environment


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4400", ("127.0.0.1", 4400)),
        ("http://localhost", ("localhost", 4317)),
        ("https://collector.example:4317", None),
    ],
)
def test_address(url: str, expected: tuple[str, int] | None) -> None:
    """Envoy gets host and port, the standard one unless told; nothing where TLS would be needed."""
    assert Collector(url).address() == expected


def test_variable_unset_or_empty() -> None:
    """Without the variable there is no collector; an empty one counts as none, as OpenTelemetry has it."""
    assert from_environment({}) is None
    assert from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}) is None
