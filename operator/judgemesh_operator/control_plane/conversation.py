"""One proxy's stream, without the stream: what comes in, what is to go out, and in which order."""

from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

from judgemesh_operator.control_plane.delta import DeltaSubscription
from judgemesh_operator.control_plane.packing import EMPTY, PackedSnapshot, changes
from judgemesh_operator.control_plane.resource_types import ANSWERED_AFTER, BY_URL, REMOVED_LAST, ResourceType
from judgemesh_operator.control_plane.state_of_the_world import WorldSubscription
from judgemesh_operator.control_plane.subscription import Answer, Moment, Response, Subscription

ANSWER_WAIT = 5.0
"""Seconds that new routes wait for the clusters before them to be taken, and removals for new routes.

A proxy that does not answer for so long is told the rest all the same.
"""


class Conversation:
    """Make before break: what is new goes out first, in the order of types; what is gone last.

    Routes wait until new clusters are taken, which Envoy says when they are warm: a call that came to a route before
    its cluster would fail. What is gone waits until the proxy took the listeners and routes that no longer use it; one
    that refuses them keeps the old ones, and all that those need.
    """

    def __init__(self, subscription: Callable[[ResourceType], Subscription]) -> None:
        self.subscriptions: dict[ResourceType, Subscription] = {}
        self.snapshot: PackedSnapshot | None = None
        self.wait_until: float | None = None
        """When `compose` is to be asked again though nothing happens."""
        self._subscription = subscription
        self._nonces = map(str, count(1))
        self._holds: dict[str, float] = {}

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
        if self.snapshot is None or not self.due:
            return []
        responses: list[Response] = []
        held = False
        for kind in ResourceType:
            if kind is _USERS[0]:
                held = self._held("warming", self._warming(), now)
            if not (held and self._told_before(kind)):
                composed = self._compose(self.snapshot, kind, now, removals=False)
                responses += composed
                self._answer_after(kind, composed)
        if self._may_remove(now, held=held):
            for kind in REMOVED_LAST:
                responses += self._compose(self.snapshot, kind, now, removals=True)
        self.wait_until = min((until for until in self._holds.values() if until > now.monotonic), default=None)
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

    def _warming(self) -> bool:
        """Whether there are clusters that the proxy cannot send calls to yet, so that new routes must wait for them."""
        clusters = self.subscriptions.get(ResourceType.CLUSTERS)
        return clusters is not None and clusters.adding

    def _told_before(self, kind: ResourceType) -> bool:
        """A proxy that starts asks for listeners when its clusters are warm, and must not wait any longer.

        One that comes back has been told on an earlier stream.
        """
        subscription = self.subscriptions.get(kind)
        return kind in _USERS and subscription is not None and bool(subscription.sent_version or subscription.known)

    def _may_remove(self, now: Moment, *, held: bool) -> bool:
        """Something is gone if it is still due after all else went out."""
        users = [each for kind, each in self.subscriptions.items() if kind in _USERS]
        if not self.due or any(each.refusals for each in users):
            self._holds.pop("removals", None)
            return False
        return not self._held("removals", held or any(each.waiting for each in users), now)

    def _held(self, what: str, waits: bool, now: Moment) -> bool:
        """Whether it waits for the proxy's answer, and not for too long already."""
        if not waits:
            self._holds.pop(what, None)
            return False
        return now.monotonic < self._holds.setdefault(what, now.monotonic + ANSWER_WAIT)


_USERS = (ResourceType.LISTENERS, ResourceType.ROUTES)
"""Refer to clusters."""
