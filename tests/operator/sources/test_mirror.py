"""What is known of the API server's objects."""

from typing import Any

from judgemesh_operator.cluster.client import Listing
from judgemesh_operator.cluster.collections import GRPC_SERVICES
from judgemesh_operator.cluster.mirror import Mirror


def body(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": str(version)}}


def listing(version: int, *bodies: dict[str, Any]) -> Listing:
    return Listing(bodies, str(version))


def mirror(*heard: tuple[str, dict[str, Any]]) -> Mirror:
    made = Mirror([GRPC_SERVICES])
    for change, each in heard:
        made.hear(GRPC_SERVICES, change, each)
    return made


def known(made: Mirror) -> dict[str, str]:
    return {name: each["metadata"]["resourceVersion"] for name, each in made[GRPC_SERVICES].items()}


def test_events() -> None:
    """Events add, change and delete."""
    made = mirror(
        ("ADDED", body("a", 1)), ("ADDED", body("b", 2)), ("MODIFIED", body("a", 3)), ("DELETED", body("b", 4))
    )

    assert known(made) == {"a": "3"}


def test_older_event() -> None:
    """What comes late changes nothing: what we wrote ourselves is known before the watch tells of what was before."""
    made = mirror(("MODIFIED", body("a", 5)), ("MODIFIED", body("a", 4)), ("ADDED", body("a", 5)))

    assert known(made) == {"a": "5"}
    assert made.versions[GRPC_SERVICES] == 1


def test_missed_deletion() -> None:
    """A listing finds that something was deleted while nobody listened."""
    made = mirror(("ADDED", body("a", 1)), ("ADDED", body("b", 2)))

    missed = made.listed(GRPC_SERVICES, listing(9, body("b", 2)))

    assert (known(made), missed) == ({"b": "2"}, 1)


def test_listing_finds_nothing() -> None:
    """A listing of what is known is no change."""
    made = mirror(("ADDED", body("a", 1)))
    made.changed.clear()

    assert made.listed(GRPC_SERVICES, listing(9, body("a", 1))) == 0
    assert not made.changed.is_set()


def test_listing_of_the_past() -> None:
    """A listing from before some events neither revives what they deleted, nor deletes what they added."""
    made = mirror(("ADDED", body("a", 1)), ("DELETED", body("a", 7)), ("ADDED", body("b", 8)))

    made.listed(GRPC_SERVICES, listing(5, body("a", 1)))

    assert known(made) == {"b": "8"}


def test_deleted_and_created_again() -> None:
    """An object of the same name that came later is there."""
    made = mirror(("ADDED", body("a", 1)), ("DELETED", body("a", 2)), ("ADDED", body("a", 3)))

    assert known(made) == {"a": "3"}
