"""What is tried again, and what never is."""

import grpc
import grpc.aio
import httpx
import pytest

from tests.integration.edge.conftest import sign
from tests.integration.edge.proxies import Envoy
from tests.integration.edge.upstream import Upstream
from tests.operator.demo import SERVICE, message


async def call(address: str, method: str, request: bytes = b"") -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        await channel.unary_unary(f"/{SERVICE}/{method}")(
            request, timeout=10, metadata=[("authorization", f"Bearer {sign()}")]
        )


@pytest.mark.parametrize("method", ["GetNote", "DeleteNote"])
async def test_idempotent(mesh: Envoy, upstream: Upstream, method: str) -> None:
    """A call without side effects or idempotent is tried again when the service is unavailable."""
    upstream.calls[method], upstream.failures[method] = 0, 2

    await call(mesh.address, method)

    assert upstream.calls[method] == 3


async def test_not_idempotent(mesh: Envoy, upstream: Upstream) -> None:
    """A call that the service has seen is never repeated if that could do its work twice."""
    upstream.calls["CreateNote"], upstream.failures["CreateNote"] = 0, 1

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(mesh.address, "CreateNote", message("CreateNoteRequest")(request_id="1").SerializeToString())

    assert (caught.value.code(), upstream.calls["CreateNote"]) == (grpc.StatusCode.UNAVAILABLE, 1)


async def test_attempts_end(mesh: Envoy, upstream: Upstream) -> None:
    """After the last attempt the caller gets the service's own error."""
    upstream.calls["GetNote"], upstream.failures["GetNote"] = 0, 4

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(mesh.address, "GetNote")

    assert (caught.value.details(), upstream.calls["GetNote"]) == ("told to fail", 4)


async def test_json_is_retried(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """The edge follows the same rule for requests with JSON."""
    upstream.calls.clear()
    upstream.failures.update(GetNote=1, CreateNote=1)

    got = await client.get("/v1/notes/a")
    created = await client.post("/v1/notes", json={"text": "new"})

    assert (got.status_code, upstream.calls["GetNote"]) == (200, 2)
    assert (created.status_code, upstream.calls["CreateNote"]) == (503, 1)


async def test_undeclared(mesh: Envoy) -> None:
    """A method that no declared dependency has is refused at once, and the refusal says so."""
    async with grpc.aio.insecure_channel(mesh.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/demo.v1.Unknown/Get")(b"", timeout=10)

    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "declares as a dependency" in str(caught.value.details())
