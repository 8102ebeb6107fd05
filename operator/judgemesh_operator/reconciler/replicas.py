"""Hears from every replica of the control plane how far its proxies are."""

import asyncio
import socket
from collections.abc import Callable

import grpc
import grpc.aio
import structlog

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh.mesh.v1 import mesh_service_pb2_grpc as stubs
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.identity import NotReady
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.reports import Refusal, Report, ReportBook

log = structlog.get_logger(__name__)

Connect = Callable[[str], grpc.aio.Channel]
"""A channel to `host:port`."""

RESOLVE_SECONDS = 3.0
RETRY_SECONDS = 1.0


class Replicas:
    """Keeps a stream of reports to each address behind a name: a headless Service's name has all replicas."""

    def __init__(self, address: str, connect: Connect, book: ReportBook, changed: Callable[[], None]) -> None:
        self._host, _, self._port = address.rpartition(":")
        self._connect, self._book, self._changed = connect, book, changed
        self._following: dict[str, asyncio.Task[None]] = {}

    async def follow(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._resolve(tasks)
                await asyncio.sleep(RESOLVE_SECONDS)

    async def _resolve(self, tasks: asyncio.TaskGroup) -> None:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            log.warning("no replica of the control plane", name=self._host, error=str(error))
            return
        addresses = {_joined(str(each[4][0]), self._port) for each in found}
        self._book.expect(addresses)
        for gone in self._following.keys() - addresses:
            self._following.pop(gone).cancel()
        for address in addresses - self._following.keys():
            self._following[address] = tasks.create_task(self._hear(address), name=f"reports of {address}")

    async def _hear(self, address: str) -> None:
        """A replica that is lost is as if it had never reported; it may come back."""
        while True:
            try:
                async with self._connect(address) as channel:
                    await self._listen(address, channel)
            except grpc.aio.AioRpcError as error:
                log.info("replica lost", address=address, code=str(error.code()), details=error.details())
            except NotReady as error:
                log.info("replica not asked", address=address, reason=str(error))
            finally:
                self._book.lost(address)
                measures.replicas.set(self._book.replicas)
                self._changed()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, address: str, channel: grpc.aio.Channel) -> None:
        async for response in stubs.MeshServiceStub(channel).WatchReports(
            pb.WatchReportsRequest(), wait_for_ready=True
        ):
            if address not in self._book:
                self._book.connected(address)
                measures.replicas.set(self._book.replicas)
            reports = {each.resource: report_from_proto(each) for each in response.reports}
            self._book.changed(address, reports, response.removed)
            self._changed()


def report_from_proto(report: pb.ResourceReport) -> Report:
    return Report(
        generation=report.generation,
        proxies=report.proxies,
        acknowledged=report.acknowledged,
        ready_endpoints=report.ready_endpoints,
        refusals=tuple(
            Refusal(each.node_id, f"{each.type} {each.refusal.resource}", each.refusal.error)
            for each in report.refusals
        ),
        problems=tuple(Problem(each.resource, each.field, each.message) for each in report.problems),
    )


def _joined(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
