"""Who gets in at a service's door, and who doesn't."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from judgemesh_operator.identity import Authority, Identity
from tests.integration.mesh.conftest import Small, notes
from tests.integration.mesh.world import DOMAIN, secure_channel, until
from tests.operator.demo import SERVICE

GET = f"/{SERVICE}/GetNote"
KEYS = Identity(DOMAIN, "default", "keys")
STRANGER = Identity(DOMAIN, "default", "stranger")


async def refusal(call: Awaitable[Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), str(caught.value.details())


async def test_sidecar_to_sidecar(mesh: Small) -> None:
    """A call goes from sidecar to sidecar, and the service is told by whom."""
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await channel.unary_unary(GET)(b"", timeout=10)
    headers = next(app.headers for app in mesh.apps if app.headers)

    assert f"URI={KEYS.uri}" in headers["x-forwarded-client-cert"]


async def test_plain_call(mesh: Small) -> None:
    """A call without TLS is not heard."""
    pod = mesh.pods[0]
    async with grpc.aio.insecure_channel(f"{pod.host}:{mesh.world.inbound}") as channel:
        code, _ = await refusal(channel.unary_unary(GET)(b"", timeout=5))

    assert code is grpc.StatusCode.UNAVAILABLE
    assert not pod.app or not pod.app.calls


async def test_no_certificate(mesh: Small) -> None:
    """A call with TLS but without a certificate of its own is not heard."""
    credentials = grpc.ssl_channel_credentials(mesh.world.authority.trusted.encode())
    options = (("grpc.ssl_target_name_override", mesh.pods[0].identity.dns_name),)
    target = f"{mesh.pods[0].host}:{mesh.world.inbound}"
    async with grpc.aio.secure_channel(target, credentials, options=options) as channel:
        code, _ = await refusal(channel.unary_unary(GET)(b"", timeout=5))

    assert code is grpc.StatusCode.UNAVAILABLE


async def test_declared(mesh: Small) -> None:
    """A caller that declares the dependency gets in with its own certificate."""
    async with secure_channel(mesh.world, mesh.pods[0], KEYS) as channel:
        await channel.unary_unary(GET)(b"", timeout=5)

    assert mesh.apps[0].calls["GetNote"] == 1


async def test_undeclared(mesh: Small) -> None:
    """A caller that doesn't is denied, is told why, and is named in the log of the service's sidecar."""
    async with secure_channel(mesh.world, mesh.pods[0], STRANGER) as channel:
        code, details = await refusal(channel.unary_unary(GET)(b"", timeout=5))

    async def logged() -> bool:
        return any(STRANGER.uri in line and "rbac_access_denied" in line for line in mesh.pods[0].log.splitlines())

    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert details == f"{STRANGER.uri} does not declare notes as a dependency"
    await until(logged)


async def test_other_paths(mesh: Small) -> None:
    """What is no method of the services that were declared is denied, though the caller is known."""
    async with secure_channel(mesh.world, mesh.pods[0], KEYS) as channel:
        code, _ = await refusal(channel.unary_unary("/grpc.reflection.v1.ServerReflection/Info")(b"", timeout=5))

    assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_health_for_all(mesh: Small) -> None:
    """Everybody with a certificate of the mesh may ask for health."""
    async with secure_channel(mesh.world, mesh.pods[0], STRANGER) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize(
    "make",
    [
        lambda world: (KEYS, Authority(DOMAIN, world.authority.rotation, (), None)),
        lambda world: (Identity("other.example", "default", "keys"), world.authority),
    ],
    ids=["another authority", "another trust domain"],
)
async def test_foreign(mesh: Small, make: Callable[[Any], tuple[Identity, Authority]]) -> None:
    """A certificate of another authority, or for another trust domain, doesn't get in."""
    from datetime import UTC, datetime

    identity, authority = make(mesh.world)
    async with secure_channel(mesh.world, mesh.pods[0], identity, authority.advanced(datetime.now(UTC))) as channel:
        code, _ = await refusal(channel.unary_unary(GET)(b"", timeout=5))

    assert code is grpc.StatusCode.UNAVAILABLE


async def test_impostor(mesh: Small) -> None:
    """A caller's sidecar calls nobody whose certificate is not the service's."""
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        mesh.world.change(notes(serviceAccount="writer", retries={"attempts": 0}))

        async def refused() -> bool:
            try:
                await channel.unary_unary(GET)(b"", timeout=5)
            except grpc.aio.AioRpcError:
                return "CERTIFICATE_VERIFY_FAILED" in mesh.caller.log
            return False

        await until(refused)


async def test_probes(mesh: Small) -> None:
    """The kubelet may ask for health without a certificate, and nothing else."""
    proxy = mesh.pods[0].proxy
    async with grpc.aio.insecure_channel(f"{proxy.inbound_host}:{proxy.probes_port}") as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        code, _ = await refusal(channel.unary_unary(GET)(b"", timeout=5))

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert code is grpc.StatusCode.UNIMPLEMENTED
