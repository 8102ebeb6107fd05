"""Which places runs share, and which are their own."""

from pathlib import Path

import pytest

from services.execution.worker.sandbox import namespaces
from services.execution.worker.sandbox.rulebook import outermost


def test_places_beneath_others_need_no_rule(tmp_path: Path) -> None:
    """A link and a folder within another place are covered by that place."""
    (tmp_path / "usr" / "bin").mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "usr2").mkdir()
    paths = [str(tmp_path / name) for name in ("usr", "bin", "usr/bin", "usr2")]

    assert outermost(paths) == [str(tmp_path / "usr"), str(tmp_path / "usr2")]


@pytest.mark.parametrize("needed", ["/tmp", "/tmp/worker/slot-0/scratch"])
def test_directory_that_is_needed_is_not_replaced(needed: str) -> None:
    """A worker whose own directory is in /tmp keeps /tmp: hidden, nothing of the worker's could be run."""
    assert "/tmp" not in namespaces.replaced([needed])
    assert "/tmp" in namespaces.replaced(["/var/lib/worker", "/tmpfiles"])
