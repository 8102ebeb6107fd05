"""Three pods of a service and one of its caller, with sidecars that trust each other and nobody else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from judgemesh_operator.api import parse_resources
from tests.integration.mesh.app import App
from tests.integration.mesh.world import Sidecar, World, endpoints_of, free_port

NOTES_PORT, KEYS_PORT = free_port(), free_port()


def resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "judgemesh.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def notes(**spec: Any) -> dict[str, Any]:
    """The service that is called: quick to judge its endpoints, and with connections that are replaced all the time."""
    given = {
        "port": NOTES_PORT,
        "protoServices": ["demo.v1.NoteService"],
        "timeouts": {"unary": "30s"},
        "retries": {"attempts": 5, "perTryTimeout": "2s"},
        "outlierDetection": {"consecutiveErrors": 3, "interval": "200ms", "baseEjectionTime": "3s"},
        "connections": {"maxDuration": "500ms", "keepaliveInterval": "2s", "keepaliveTimeout": "1s"},
    }
    return resource("GrpcService", "notes", **{**given, **spec})


KEYS = resource("GrpcService", "keys", port=KEYS_PORT, protoServices=["demo.v1.KeyService"], dependencies=["notes"])


@dataclass
class Small:
    """The mesh, its caller, and the pods that are called."""

    world: World
    caller: Sidecar
    pods: list[Sidecar]

    @property
    def apps(self) -> list[App]:
        return [pod.app for pod in self.pods if pod.app]

    def logs(self) -> str:
        """What the sidecars logged of late."""
        return "\n".join(
            f"{pod.host}: {line}" for pod in [self.caller, *self.pods] for line in pod.log.splitlines()[-6:]
        )

    def reset(self) -> None:
        """All pods serve, in the endpoints, by the resources of the beginning; nothing is counted yet."""
        for app in self.apps:
            app.reset()
        self.world.resources = parse_resources(("test", document) for document in (notes(), KEYS))
        self.world.change(endpoints={"notes": endpoints_of(*self.pods)})


@pytest.fixture(scope="package")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Small]:
    resources = parse_resources(("test", document) for document in (notes(), KEYS))
    world = World(tmp_path_factory.mktemp("mesh"), resources, network=77)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.controlled())
        pods = [await stack.enter_async_context(world.pod("notes", number)) for number in (1, 2, 3)]
        world.change(endpoints={"notes": endpoints_of(*pods)})
        caller = await stack.enter_async_context(world.pod("keys", 10))
        yield Small(world, caller, pods)


@pytest.fixture
def mesh(small: Small) -> Small:
    """The mesh as at its beginning."""
    small.reset()
    return small
