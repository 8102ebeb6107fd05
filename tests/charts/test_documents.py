"""README.md and values.schema.json of the charts follow from their values."""

from tests.charts.charts import OPERATOR, PLATFORM
from tests.charts.documents import stale
from tests.charts.values import described


def test_readmes_and_schemas_are_current() -> None:
    """After a change of values: `python -m tests.charts.documents`."""
    assert [] == stale()


def test_every_value_of_the_first_two_levels_is_described_or_says_all() -> None:
    """A comment that helm-docs reads stands where a name does not say enough."""
    obvious = {"enabled", "image", "resources", "storage", "repository", "tag", "port", "size", "class", "replicas"}
    silent = [
        each.path
        for chart in (PLATFORM, OPERATOR)
        for each in described(chart / "values.yaml")
        if not each.description and each.path.count(".") < 2 and each.path.rsplit(".", 1)[-1] not in obvious
    ]

    assert [] == [path for path in silent if path.split(".")[1] not in PLACEMENT]


PLACEMENT = {"nodeSelector", "tolerations", "affinity", "priorityClassName", "spread", "podLabels", "podAnnotations",
             "external"}  # fmt: skip
"""Said once, where the defaults of services are."""
