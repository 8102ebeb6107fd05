"""The proxies that are connected to this replica."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from judgemesh_operator.control_plane.conversation import Conversation
from judgemesh_operator.control_plane.pulse import Pulse
from judgemesh_operator.xds.nodes import Node

Protocol = Literal["delta", "state of the world"]


@dataclass(eq=False)
class Connection:
    """One stream of one proxy."""

    protocol: Protocol
    peer: str
    since: datetime
    conversation: Conversation = field(repr=False)
    identity: str = ""
    """Its SPIFFE id; empty where it has no certificate."""
    node: Node | None = None
    """Known from its first request on."""


class Connections:
    """Those that introduced themselves, in the order in which they came."""

    def __init__(self) -> None:
        self._open: dict[Connection, Node] = {}
        self.pulse = Pulse()
        """Beats when a proxy comes, goes, acknowledges or refuses, and when there is something new to tell."""

    def add(self, connection: Connection, node: Node) -> None:
        connection.node = node
        self._open[connection] = node
        self.pulse.beat()

    def remove(self, connection: Connection) -> None:
        self._open.pop(connection, None)
        self.pulse.beat()

    def __iter__(self) -> Iterator[tuple[Connection, Node]]:
        return iter(list(self._open.items()))

    def __len__(self) -> int:
        return len(self._open)
