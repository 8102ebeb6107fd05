"""The ways in which the charts are rendered here: each is compared with its golden file, and tried at an API server."""

from dataclasses import dataclass
from pathlib import Path

from tests.charts.charts import NEWEST, OLDEST, OPERATOR, PLATFORM, POD_CERTIFICATES

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
MANIFESTS = HERE.parents[1] / "manifests"


@dataclass(frozen=True)
class Variant:
    """A chart with values for a cluster."""

    name: str
    chart: Path
    options: tuple[str, ...] = ()
    version: str = NEWEST
    new_apis: bool = True

    @property
    def arguments(self) -> tuple[str, ...]:
        apis = [f"--api-versions={name}" for name in POD_CERTIFICATES] if self.new_apis else []
        return (*self.options, *apis)

    @property
    def golden(self) -> Path:
        return GOLDEN / f"{self.name}.yaml"


def _values(*names: str) -> tuple[str, ...]:
    return tuple(f"--values={HERE / 'variants' / name}.yaml" for name in names)


WITHOUT_CRDS = ("--set=crds.install=false",)
"""They have tests of their own, and come out as they are."""

VARIANTS = (
    Variant("default", PLATFORM),
    Variant("oldest-cluster", PLATFORM, version=OLDEST, new_apis=False),
    Variant("production", PLATFORM, (f"--values={PLATFORM / 'values-production.yaml'}",)),
    Variant("upgrade", PLATFORM, (*_values("brought"), "--is-upgrade")),
    Variant("everything", PLATFORM, _values("everything")),
    Variant("development", PLATFORM, (f"--values={MANIFESTS / 'skaffold' / 'development.yaml'}",)),
    Variant("production-like", PLATFORM, (f"--values={MANIFESTS / 'skaffold' / 'production-like.yaml'}",)),
    Variant("debug", PLATFORM, (f"--values={MANIFESTS / 'skaffold' / 'debug.yaml'}",)),
    Variant("bare", PLATFORM, _values("bare")),
    Variant("operator", OPERATOR, WITHOUT_CRDS),
    Variant("operator-development", OPERATOR, (*WITHOUT_CRDS, f"--values={MANIFESTS / 'skaffold' / 'operator.yaml'}")),
    Variant("operator-oldest-cluster", OPERATOR, WITHOUT_CRDS, version=OLDEST, new_apis=False),
    Variant("operator-everything", OPERATOR, _values("operator-everything")),
)
