"""Writes what follows from the charts' values: README.md and values.schema.json of each.

python -m tests.charts.documents [--check]
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.charts.charts import OPERATOR, PLATFORM
from tests.charts.schemas import schema_of
from tests.charts.values import table


def documents() -> Iterator[tuple[Path, str]]:
    """Each file, and what is to be in it."""
    for chart in (PLATFORM, OPERATOR):
        yield chart / "README.md", _readme(chart)
        yield chart / "values.schema.json", json.dumps(schema_of(chart), indent=1) + "\n"


def stale() -> list[str]:
    return [str(path) for path, text in documents() if not path.exists() or path.read_text() != text]


def _readme(chart: Path) -> str:
    about = yaml.safe_load((chart / "Chart.yaml").read_text())
    template = (chart / "README.md.gotmpl").read_text()
    replaced = {
        '{{ template "chart.name" . }}': about["name"],
        '{{ template "chart.description" . }}': about["description"],
        '{{ template "chart.kubeVersion" . }}': about["kubeVersion"].removesuffix("-0"),
        '{{ template "chart.valuesTable" . }}': table(chart / "values.yaml"),
    }
    for mark, text in replaced.items():
        template = template.replace(mark, text)
    return template


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(f"stale, run python -m tests.charts.documents: {', '.join(stale())}" if stale() else 0)
    for path, text in documents():
        path.write_text(text)
