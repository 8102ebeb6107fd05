"""Incremental xDS, which Envoy speaks: only what changed is sent, and what is gone is named."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from judgemesh_operator.control_plane import wire
from judgemesh_operator.control_plane.packing import Available, Packed
from judgemesh_operator.control_plane.subscription import (
    WILDCARD,
    Answer,
    Moment,
    Response,
    Sent,
    Subscription,
    chunks,
    refers,
)


class DeltaSubscription(Subscription):
    """See https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds ."""

    def receive(self, request: Any, now: Moment) -> Answer | None:
        """A DeltaDiscoveryRequest. Its changes to the subscription count even where its nonce is stale."""
        answer = self._settle(request, now)
        subscribed = set(request.resource_names_subscribe)
        if not self._begun:
            self._begin(dict(request.initial_resource_versions), subscribed)
        elif subscribed:
            self._subscribe(subscribed)
        if request.resource_names_unsubscribe:
            self._unsubscribe(set(request.resource_names_unsubscribe))
        return answer

    def _begin(self, has: dict[str, str], subscribed: set[str]) -> None:
        """`has` is what the proxy kept from an earlier stream, and is spared when it is current."""
        self._begun = True
        self.known, self.accepted = has, dict(has)
        self.wildcard = not subscribed or WILDCARD in subscribed
        self.names = subscribed - {WILDCARD}
        self._owed = self.names - has.keys()
        # The first answer is what an Envoy that starts waits for, be it empty.
        self._compare_all = self._must_answer = True

    def _subscribe(self, names: set[str]) -> None:
        """Named resources are answered whatever is known: a proxy asks since it does not have them."""
        if WILDCARD in names and not self.wildcard:
            self.wildcard = True
            self.compare_all()
        names.discard(WILDCARD)
        self.names |= names
        self._owed |= names

    def _unsubscribe(self, names: set[str]) -> None:
        if WILDCARD in names:
            self.wildcard = False
            self._forget([name for name in self.known if name not in self.names])
        self.names -= names
        if self.wildcard:
            # The proxy may have dropped what the wildcard still covers; an answer tells it.
            self._owed |= names
        else:
            self._forget(names)

    def compose(
        self, available: Available, version: str, nonces: Iterator[str], now: Moment, *, removals: bool
    ) -> list[Response]:
        composer = _Composer(self, version, nonces, now)
        responses: list[Response] = []
        while self._retries:
            names = self._retries.popleft()
            found = [available[name] for name in names if self.wants(name) and name in available]
            responses += composer.responses(found, [name for name in names if name not in available])
        responses += self._changed(available, composer, removals=removals)
        return responses

    def _changed(self, available: Available, composer: "_Composer", *, removals: bool) -> list[Response]:
        updates: list[Packed] = []
        gone: list[str] = []
        held: list[str] = []
        for name in self._candidates(available):
            packed = available.get(name) if self.wants(name) else None
            if packed is None:
                if name in self.known and not removals:
                    held.append(name)
                elif name in self.known or name in self._owed:
                    gone.append(name)
            elif name in self._owed or self.known.get(name) != packed.version:
                updates.append(packed)
        empty = self._must_answer and self.wildcard and not updates and not gone
        self._settled(held)
        return composer.responses(updates, gone, empty=empty)

    def remember(self, nonce: str, sent: Sent) -> None:
        self._remember(nonce, sent)


class _Composer:
    """Makes responses, and has them remembered."""

    def __init__(self, subscription: DeltaSubscription, version: str, nonces: Iterator[str], now: Moment) -> None:
        self._subscription = subscription
        self._version = version
        self._nonces = nonces
        self._now = now

    def responses(self, updates: Iterable[Packed], gone: Sequence[str], *, empty: bool = False) -> list[Response]:
        made = [self._response(chunk, ()) for chunk in chunks(updates)]
        return [*made, self._response([], gone)] if gone or empty else made

    def _response(self, updates: Sequence[Packed], gone: Sequence[str]) -> Response:
        kind, nonce = self._subscription.kind, next(self._nonces)
        contents: dict[str, str | None] = {packed.name: packed.version for packed in updates}
        contents.update(dict.fromkeys(gone))
        self._subscription.remember(nonce, Sent(contents, self._version, self._now.monotonic))
        elements = (packed.delta for packed in updates)
        serialised = wire.delta_response(kind.url, self._version, nonce, elements, gone)
        return Response(kind, serialised, refers(updates))
