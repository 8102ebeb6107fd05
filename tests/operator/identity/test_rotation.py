"""When an authority's certificates are due, over years that pass in a moment."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from judgemesh_operator.identity.rotation import (
    DropRoot,
    MakeIntermediate,
    MakeRoot,
    Rotation,
    State,
    Step,
    Validity,
    due,
    next_due,
    signing_root,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROTATION = Rotation(root=100 * DAY, intermediate=20 * DAY, leaf=DAY, spread=timedelta(minutes=10))


def applied(state: State, step: Step, now: datetime) -> State:
    """The state after a step, without any cryptography."""
    match step:
        case MakeRoot():
            name = f"root {now.isoformat()}"
            return State((*state.roots, Validity(name, now, now + ROTATION.root)), state.intermediate)
        case MakeIntermediate(root):
            signer = next((each for each in state.roots if each.name == root), state.roots[-1])
            ends = min(now + ROTATION.intermediate, signer.not_after)
            return State(state.roots, Validity("intermediate", now, ends, signer.name))
        case DropRoot(root):
            return State(tuple(each for each in state.roots if each.name != root), state.intermediate)


def history(days: int) -> Iterator[tuple[datetime, State, list[Step]]]:
    """The states of an authority that is looked after whenever something is due."""
    now, state = BEGIN, State()
    while now < BEGIN + days * DAY:
        steps = list(due(state, ROTATION, now))
        for step in steps:
            state = applied(state, step, now)
        yield now, state, steps
        now = next_due(state, ROTATION, now)


def test_first_steps() -> None:
    """An authority that has nothing gets a root and an intermediate at once; nobody has to learn of them first."""
    assert list(due(State(), ROTATION, BEGIN)) == [MakeRoot(), MakeIntermediate(None)]


def test_nothing_due() -> None:
    """While all is well there is nothing to do, and the next look is in the future."""
    _, state, _ = next(history(1))

    assert list(due(state, ROTATION, BEGIN)) == []
    assert next_due(state, ROTATION, BEGIN) > BEGIN


def test_always_able_to_sign() -> None:
    """Through five years of rotation the intermediate outlives any leaf that it signs, under a trusted root."""
    for now, state, _ in history(5 * 365):
        assert state.intermediate is not None
        assert state.intermediate.not_after - now > ROTATION.leaf
        assert state.intermediate.root in {root.name for root in state.roots}


def test_new_root_is_known_before_it_signs() -> None:
    """A root but the first is trusted for the time of spreading before anything is signed under it."""
    made: dict[str, datetime] = {}
    for now, state, steps in history(5 * 365):
        made |= {root.name: root.not_before for root in state.roots if root.name not in made}
        signed = state.intermediate.root if state.intermediate else ""
        if MakeIntermediate(signed) in steps and signed != next(iter(made)):
            assert now - made[signed] >= ROTATION.spread

    assert len(made) > 10


def test_old_root_outlives_its_leaves() -> None:
    """A root is trusted until every leaf that was signed under it has expired, and the bundle of roots stays small."""
    last_signed: dict[str, datetime] = {}
    for now, state, steps in history(5 * 365):
        for step in steps:
            if isinstance(step, DropRoot):
                assert now - last_signed[step.root] >= ROTATION.leaf
        if state.intermediate:
            last_signed[state.intermediate.root] = now
        assert len(state.roots) <= 2


def test_root_renewed_on_demand() -> None:
    """A new root before its time takes the same way: first trusted, then signing, then alone."""
    _, state, _ = next(history(1))
    asked = BEGIN + DAY

    steps = list(due(state, ROTATION, asked, renew_root=True))
    for step in steps:
        state = applied(state, step, asked)
    known = asked + ROTATION.spread

    assert steps == [MakeRoot()]
    assert signing_root(state.roots, ROTATION, asked) == state.roots[0]
    assert list(due(state, ROTATION, known)) == [MakeIntermediate(state.roots[1].name)]


def test_expired_while_nobody_looked() -> None:
    """After years without its keeper the authority begins anew, and drops what has expired."""
    _, state, _ = next(history(1))
    late = BEGIN + 400 * DAY

    assert list(due(state, ROTATION, late)) == [MakeRoot(), MakeIntermediate(None), DropRoot(state.roots[0].name)]


def test_impossible_rotation() -> None:
    """Lifetimes that could not overlap are refused."""
    with pytest.raises(ValueError, match="outlive"):
        Rotation(root=DAY, intermediate=DAY)
