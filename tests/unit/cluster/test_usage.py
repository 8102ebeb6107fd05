"""What an installation uses is put together from the kubelets' counters."""

import pytest

from tests.cluster.usage import Sample, Usage, total, usages

BEFORE = {("user-1", "user"): Sample(10.0, 0), ("user-2", "user"): Sample(5.0, 0), ("gone", "user"): Sample(1.0, 0)}
AFTER = {
    ("user-1", "user"): Sample(11.0, 100 * 2**20),
    ("user-2", "user"): Sample(5.5, 50 * 2**20),
    ("new", "user"): Sample(9.0, 2**20),
}


@pytest.fixture
def used() -> dict[tuple[str, str], Usage]:
    return usages(BEFORE, AFTER, 10.0, lambda pod: pod.partition("-")[0])


def test_the_pods_of_a_workload_add_up(used: dict[tuple[str, str], Usage]) -> None:
    """CPU is what was used between the two looks; a pod that was not there at both does not count."""
    assert {("user", "user"): Usage(pytest.approx(0.15), 150, 2)} == used


def test_the_last_row_is_all_of_them(used: dict[tuple[str, str], Usage]) -> None:
    """What the installation as a whole is held to."""
    assert Usage(pytest.approx(0.3), 300, 4) == total([*used.values(), *used.values()])
