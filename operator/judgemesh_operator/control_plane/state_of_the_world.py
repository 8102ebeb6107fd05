"""State-of-the-world xDS, which gRPC's own client speaks: a response holds all clusters, or all listeners."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from judgemesh_operator.control_plane import wire
from judgemesh_operator.control_plane.packing import Available, Packed, version_of
from judgemesh_operator.control_plane.resource_types import ResourceType
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


class WorldSubscription(Subscription):
    """See https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#four-variants ."""

    def __init__(self, kind: ResourceType) -> None:
        super().__init__(kind)
        self._nonce = ""
        self._claimed = ""
        self._last: dict[str, Packed] = {}
        """Of a type that is sent whole, the last response: what goes last is still in the next."""

    def receive(self, request: Any, now: Moment) -> Answer | None:
        """A DiscoveryRequest. One with a stale nonce asks nothing: a newer one is under way."""
        answer = self._settle(request, now)
        if self._begun and request.response_nonce and request.response_nonce != self._nonce:
            return answer
        names = set(request.resource_names)
        if not self._begun:
            self._begun = self._must_answer = True
            self._claimed = request.version_info
            self.wildcard = self.kind.whole
        if names:
            self.wildcard = self.kind.whole and WILDCARD in names
        self._name(names - {WILDCARD})
        return answer

    def _name(self, names: set[str]) -> None:
        """Each request names all of them; what is new is answered, changed elsewhere or not."""
        new, gone = names - self.names, self.names - names
        self.names = names
        self._owed |= new
        if not self.wildcard:
            self._forget(gone)
            for name in gone:
                self._last.pop(name, None)

    def compose(
        self, available: Available, version: str, nonces: Iterator[str], now: Moment, *, removals: bool
    ) -> list[Response]:
        wanted = self.wanted(available)
        version = version if self.wildcard else version_of(wanted)
        if not self.kind.whole:
            return self._some(wanted, version, nonces, now)
        if self._keeps(wanted, version):
            return []
        return self._everything(wanted, nonces, now, removals=removals)

    def _keeps(self, wanted: Available, version: str) -> bool:
        """Whether the proxy has all of it from an earlier stream. For endpoints and routes it says too little."""
        claimed, self._claimed = self._claimed, ""
        if claimed != version:
            return False
        self._last = dict(wanted)
        self.known = {name: packed.version for name, packed in wanted.items()}
        self.accepted = dict(self.known)
        self.sent_version = self.acknowledged_version = version
        self._settled()
        return True

    def _everything(self, wanted: Available, nonces: Iterator[str], now: Moment, *, removals: bool) -> list[Response]:
        changed = [packed for name, packed in wanted.items() if self.known.get(name) != packed.version]
        gone = {name: packed for name, packed in self._last.items() if name not in wanted}
        answer = changed or self._owed or self._must_answer or (gone and removals)
        self._settled(held=() if removals else gone)
        if not answer:
            return []
        if removals:
            self._forget(gone)
        self._last = dict(wanted) if removals else {**gone, **wanted}
        following = refers(changed)
        return [self._response(list(self._last.values()), version_of(self._last), nonces, now, following)]

    def _some(self, wanted: Available, version: str, nonces: Iterator[str], now: Moment) -> list[Response]:
        """Endpoints and routes: those that changed or are owed. What is gone is not said: its user goes too."""
        again = [[wanted[name] for name in names if name in wanted] for names in self._retries]
        self._retries.clear()
        due = [wanted[name] for name in self._candidates(wanted) if name in wanted]
        fresh = [each for each in due if each.name in self._owed or self.known.get(each.name) != each.version]
        self._settled()
        batches = chain(again, chunks(fresh))
        return [self._response(batch, version, nonces, now) for batch in batches if batch]

    def _response(
        self,
        resources: list[Packed],
        version: str,
        nonces: Iterator[str],
        now: Moment,
        following: frozenset[str] = frozenset(),
    ) -> Response:
        self._nonce = next(nonces)
        contents = {packed.name: packed.version for packed in resources}
        self._remember(self._nonce, Sent(contents, version, now.monotonic))
        elements = (packed.world for packed in resources)
        return Response(self.kind, wire.world_response(self.kind.url, version, self._nonce, elements), following)

    @property
    def _may_split(self) -> bool:
        """Of the types that are sent whole a part would remove the rest."""
        return not self.kind.whole
