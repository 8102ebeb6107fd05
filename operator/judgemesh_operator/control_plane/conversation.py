"""One proxy's stream, without the stream: what comes in, what is to go out, and in which order."""

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

from judgemesh_operator.control_plane.delta import DeltaSubscription
from judgemesh_operator.control_plane.packing import EMPTY, PackedSnapshot, changes
from judgemesh_operator.control_plane.resource_types import ANSWERED_AFTER, BY_URL, REMOVED_LAST, ResourceType
from judgemesh_operator.control_plane.state_of_the_world import WorldSubscription
from judgemesh_operator.control_plane.subscription import Answer, Moment, Response, Subscription

REMOVAL_WAIT = 2.0
"""Seconds that removals wait for the routes before them to be acknowledged."""


class Conversation:
    """Make before break: what is new goes out first, in the order of types; what is gone last.

    What is gone waits until the proxy took the listeners and routes that no longer use it; one that refuses them
    keeps the old ones, and all that those need.
    """

    def __init__(self, subscription: Callable[[ResourceType], Subscription]) -> None:
        self.subscriptions: dict[ResourceType, Subscription] = {}
        self.snapshot: PackedSnapshot | None = None
        self.wait_until: float | None = None
        """When `compose` is to be asked again though nothing happens."""
        self._subscription = subscription
        self._nonces = map(str, count(1))

    @classmethod
    def delta(cls) -> "Conversation":
        return cls(DeltaSubscription)

    @classmethod
    def state_of_the_world(cls) -> "Conversation":
        return cls(WorldSubscription)

    def receive(self, request: Any, now: Moment) -> tuple[ResourceType, Answer] | None:
        """Takes in a request. Types that we don't serve are passed over: their resources just aren't there."""
        kind = BY_URL.get(request.type_url)
        if kind is None:
            return None
        if kind not in self.subscriptions:
            self.subscriptions[kind] = self._subscription(kind)
        answer = self.subscriptions[kind].receive(request, now)
        return (kind, answer) if answer else None

    def update(self, snapshot: PackedSnapshot, changed: Mapping[ResourceType, Iterable[str]] | None = None) -> None:
        """There is a new snapshot; `changed` spares comparing it with the one before."""
        if changed is None:
            changed = changes(self.snapshot or EMPTY, snapshot)
        self.snapshot = snapshot
        for kind, names in changed.items():
            if kind in self.subscriptions:
                self.subscriptions[kind].mark(names)

    @property
    def due(self) -> bool:
        return self.snapshot is not None and any(each.due for each in self.subscriptions.values())

    def compose(self, now: Moment) -> list[Response]:
        """What is to be sent now, in this order."""
        if self.snapshot is None:
            return []
        responses: list[Response] = []
        for kind in ResourceType:
            composed = self._compose(self.snapshot, kind, now, removals=False)
            responses += composed
            self._answer_after(kind, composed)
        if self._may_remove(now):
            for kind in REMOVED_LAST:
                responses += self._compose(self.snapshot, kind, now, removals=True)
        return responses

    def _compose(self, snapshot: PackedSnapshot, kind: ResourceType, now: Moment, *, removals: bool) -> list[Response]:
        subscription = self.subscriptions.get(kind)
        if subscription is None or not subscription.due:
            return []
        available, version = snapshot.of(kind), snapshot.version(kind)
        return subscription.compose(available, version, self._nonces, now, removals=removals)

    def _answer_after(self, kind: ResourceType, composed: Iterable[Response]) -> None:
        following = self.subscriptions.get(ANSWERED_AFTER[kind]) if kind in ANSWERED_AFTER else None
        if following:
            for response in composed:
                following.owe(response.refers)

    def _may_remove(self, now: Moment) -> bool:
        """Something is held back if it is still due after all else went out."""
        if not self.due:
            self.wait_until = None
            return False
        users = [each for kind, each in self.subscriptions.items() if kind in _USERS]
        if any(each.refusals for each in users):
            self.wait_until = None
            return False
        if self.wait_until is None:
            self.wait_until = now.monotonic + REMOVAL_WAIT
        if any(each.waiting for each in users) and now.monotonic < self.wait_until:
            return False
        self.wait_until = None
        return True


_USERS = (ResourceType.LISTENERS, ResourceType.ROUTES)
"""Refer to clusters."""
