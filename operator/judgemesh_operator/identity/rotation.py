"""When an authority's certificates are due: pure, so that years of rotation are tested in a moment.

A root is replaced with overlap. The new one is trusted first, by all; when every proxy has had time to learn of it
(`spread`), it begins to sign; and only when the last certificate under the old one has expired, the old one is
trusted no more. At each moment, any two proxies therefore accept each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rotation:
    """How long certificates live."""

    root: timedelta = timedelta(days=365)
    intermediate: timedelta = timedelta(days=30)
    leaf: timedelta = timedelta(hours=24)
    spread: timedelta = timedelta(minutes=10)
    """Until every proxy has a changed bundle of roots: the kubelet's sync period, with a margin."""

    def __post_init__(self) -> None:
        if not (self.spread < self.leaf and 2 * self.leaf <= self.intermediate and self.needed <= self.root):
            raise ValueError("a root must outlive its intermediates, these two leaves, and a leaf the spread")

    @property
    def needed(self) -> timedelta:
        """What a root must have left to live to be of use: a successor has to be made, learnt of, and outlive it."""
        return self.intermediate + 2 * self.leaf + 2 * self.spread


@dataclass(frozen=True)
class Validity:
    """A certificate of the authority, by its name, and when it counts."""

    name: str
    not_before: datetime
    not_after: datetime
    root: str = ""
    """Of an intermediate: the root that signed it."""


@dataclass(frozen=True)
class State:
    """What an authority has: its roots from old to new, and the intermediate that signs."""

    roots: tuple[Validity, ...] = ()
    intermediate: Validity | None = None


@dataclass(frozen=True)
class MakeRoot:
    """A new root is to be made and trusted."""


@dataclass(frozen=True)
class MakeIntermediate:
    """The intermediate is to be replaced by one under this root."""

    root: str | None
    """None: the root that is made in the same go."""


@dataclass(frozen=True)
class DropRoot:
    """The root is to be trusted no more."""

    root: str


Step = MakeRoot | MakeIntermediate | DropRoot


def due(state: State, rotation: Rotation, now: datetime, *, renew_root: bool = False) -> Iterator[Step]:
    """The steps that are due now, in order. `renew_root` asks for a new root before its time."""
    current = [root for root in state.roots if root.not_after > now]
    make = renew_root or not current or current[-1].not_after - now < rotation.needed
    if make:
        yield MakeRoot()
    signing = signing_root(current, rotation, now)
    if _intermediate_due(state.intermediate, signing, rotation, now):
        yield MakeIntermediate(signing.name if signing else None)
    yield from (DropRoot(root.name) for root in state.roots if _past(root, current, rotation, now))


def signing_root(roots: Sequence[Validity], rotation: Rotation, now: datetime) -> Validity | None:
    """The newest root that every proxy knows by now; the first of all signs at once, for nobody knows another."""
    known = [root for root in roots if root.not_before + rotation.spread <= now]
    return known[-1] if known else next(iter(roots), None)


def next_due(state: State, rotation: Rotation, now: datetime) -> datetime:
    """When to look again; never later than a step is due, if nothing else changes the state."""
    moments = [state.intermediate.not_after - 2 * rotation.leaf] if state.intermediate else [now]
    for root in state.roots:
        known = root.not_before + rotation.spread
        moments += [root.not_after - rotation.needed, known, known + rotation.leaf + rotation.spread]
    return min((moment for moment in moments if moment > now), default=now + rotation.leaf)


def _intermediate_due(
    intermediate: Validity | None, signing: Validity | None, rotation: Rotation, now: datetime
) -> bool:
    if intermediate is None or signing is None or intermediate.root != signing.name:
        return True
    return intermediate.not_after - now <= 2 * rotation.leaf


def _past(root: Validity, current: Sequence[Validity], rotation: Rotation, now: datetime) -> bool:
    """Expired, or every certificate under it has, since a newer one signs."""
    if root.not_after <= now:
        return True
    newer = current[current.index(root) + 1 :]
    return any(later.not_before + 2 * rotation.spread + rotation.leaf <= now for later in newer)
