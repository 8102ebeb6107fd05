"""A server for each test, told snapshots directly."""

from collections.abc import AsyncIterator
from typing import cast

import pytest

from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.subscription import Subscription
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Snapshot
from tests.operator.control_plane.plane import Plane
from tests.operator.control_plane.scripted import Client, Marked, Untranslated


class Server(Plane):
    """A control plane that serves what it is told, as it is."""

    def serve(self, snapshot: Snapshot) -> None:
        self.tell(Marked(snapshot=snapshot))

    def subscription(self, kind: ResourceType) -> Subscription:
        """What is known of the one connected proxy."""
        ((connection, _),) = self.connections
        return connection.conversation.subscriptions[kind]

    def client(self, *, delta: bool = True, node: str = "scripted") -> Client:
        return Client(self.target, delta=delta, node=node)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server(translation=cast("Translation", Untranslated()))
    async with made:
        yield made
