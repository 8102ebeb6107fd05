"""Where spans go: an OTLP collector over gRPC."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
OTLP_PORT = 4317


@dataclass(frozen=True)
class Collector:
    """A collector's URL, as OTEL_EXPORTER_OTLP_ENDPOINT has it."""

    url: str

    def address(self) -> tuple[str, int] | None:
        """Host and port for Envoy; None where they want TLS, which the local Envoys are not set up for."""
        parts = urlsplit(self.url)
        if parts.scheme == "https":
            return None
        return parts.hostname or "localhost", parts.port or OTLP_PORT


def from_environment(environment: Mapping[str, str] = os.environ) -> Collector | None:
    """What the standard variable names, if anything."""
    url = environment.get(VARIABLE)
    return Collector(url) if url else None
