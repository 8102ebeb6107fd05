"""Which layers a worker insists on."""

import pytest

from services.execution.worker.sandbox.selftest import Layer, LayerMissing, check

NAMES = ("rlimits", "no_new_privs", "seccomp", "landlock", "signals", "processes", "user")
REQUIRED = ("rlimits", "no_new_privs", "seccomp")


def layers(*missing: str) -> list[Layer]:
    return [Layer(name, name not in missing, "reason") for name in NAMES]


def test_all_layers_are_enough() -> None:
    """A worker whose layers all hold may start."""
    check(layers(), REQUIRED, own_user=True)


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_required_layer_is_named(name: str) -> None:
    """A worker that lacks a required layer does not start, and says which, why, and what to do."""
    with pytest.raises(LayerMissing, match=rf"{name} \(reason\)\. (Use|Let) "):
        check(layers(name), REQUIRED, own_user=True)


def test_landlock_is_required_without_a_user_of_its_own() -> None:
    """Where programs share the worker's user, only Landlock keeps them from its files."""
    with pytest.raises(LayerMissing, match="landlock"):
        check(layers("landlock", "user"), REQUIRED, own_user=False)
