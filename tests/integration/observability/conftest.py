"""The collector's and Helm's programs; tests are skipped where they are not built."""

from pathlib import Path

import pytest

from tests.charts.charts import PLATFORM, documents, rendered
from tests.cluster.fixtures import helm, otelcol

__all__ = ["helm", "otelcol"]


@pytest.fixture
def with_jaeger(helm: Path, tmp_path: Path) -> Path:
    """The configuration of the chart's collector beside the chart's Jaeger."""
    return of_chart(helm, tmp_path, "collector.enabled=true")


@pytest.fixture
def alone(helm: Path, tmp_path: Path) -> Path:
    """The configuration of the chart's collector without a Jaeger."""
    return of_chart(helm, tmp_path, "collector.enabled=true,jaeger.enabled=false")


def of_chart(helm: Path, folder: Path, values: str) -> Path:
    text = rendered(helm, PLATFORM, f"--set={values}", "--show-only=templates/telemetry.yaml")
    found = next(each for each in documents(text) if each["kind"] == "ConfigMap")
    path = folder / "collector.yaml"
    path.write_text(found["data"]["config.yaml"])
    return path
