"""The edge as its clients see it: a real Envoy with the translation's configuration before a fake service."""

from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from tests.integration.edge.conftest import sign
from tests.integration.edge.proxies import Envoy
from tests.integration.edge.upstream import Upstream
from tests.operator.demo import SERVICE, message

NOTE = {"name": "notes/a", "text": "hello", "revision": "7"}
MIB = 1024 * 1024


def reason(answer: httpx.Response) -> tuple[int, int, str]:
    """HTTP status, google.rpc.Code and reason of a refusal."""
    body = answer.json()
    return answer.status_code, body["code"], body["details"][0]["reason"]


async def test_json(client: httpx.AsyncClient) -> None:
    """A method is called with JSON by its URL."""
    answer = await client.get("/v1/notes/a")

    assert (answer.status_code, answer.json()) == (200, NOTE)


async def test_error_of_the_service(client: httpx.AsyncClient) -> None:
    """A service's error has its HTTP status and is a google.rpc.Status."""
    answer = await client.get("/v1/notes/none")

    assert (answer.status_code, answer.json()) == (404, {"code": 5, "message": "no such note", "details": []})


@pytest.mark.parametrize(
    ("accept", "content_type", "first"),
    [
        ("*/*", "application/json", '[{"name":"notes/a","text":"","revision":"1"},'),
        ("application/x-ndjson", "application/x-ndjson", '{"name":"notes/a","text":"","revision":"1"}\n{'),
        ("text/event-stream", "text/event-stream", 'data: {"name":"notes/a","text":"","revision":"1"}\n\n'),
    ],
)
async def test_framing(client: httpx.AsyncClient, accept: str, content_type: str, first: str) -> None:
    """One URL streams a JSON array, JSON lines or server-sent events, as the client accepts."""
    answer = await client.get("/v1/notes/a:watch", headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    assert answer.text.startswith(first)
    assert answer.text.count('"name":"notes/a"') == 3


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
async def test_unary_framing(client: httpx.AsyncClient, accept: str) -> None:
    """One message is JSON, whatever framing of streams is accepted."""
    answer = await client.get("/v1/notes/a", headers={"accept": accept})

    assert (answer.headers["content-type"], answer.json()) == ("application/json", NOTE)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "text/event-stream"])
async def test_stream_that_fails_at_once(client: httpx.AsyncClient, accept: str) -> None:
    """A stream that fails before its first item has the error's HTTP status."""
    answer = await client.get("/v1/notes/none:watch", headers={"accept": accept})

    assert (answer.status_code, answer.json()["message"]) == (404, "no such note")


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (None, (401, 16, "TOKEN_MISSING")),
        ("Bearer x.y.z", (401, 16, "TOKEN_INVALID")),
        (f"Bearer {sign(exp=1)}", (401, 16, "TOKEN_EXPIRED")),
        (f"Bearer {sign(aud='another')}", (403, 7, "TOKEN_INVALID")),
        (f"Bearer {sign(iss='another')}", (401, 16, "TOKEN_INVALID")),
        (f"Bearer {sign(Ed25519PrivateKey.generate())}", (401, 16, "TOKEN_INVALID")),
    ],
)
async def test_refused_token(
    anonymous: httpx.AsyncClient, upstream: Upstream, authorization: str | None, expected: tuple[int, int, str]
) -> None:
    """Without a good token a protected method is not reached; the reason says what is wrong with it."""
    before = upstream.calls["GetNote"]
    headers = {"authorization": authorization} if authorization else {}

    answer = await anonymous.get("/v1/notes/a", headers=headers)

    assert reason(answer) == expected
    assert upstream.calls["GetNote"] == before


async def test_public_method(anonymous: httpx.AsyncClient) -> None:
    """A public method needs no token, and a bad one reaches the service, which decides itself."""
    without = await anonymous.get("/v1/notes/a:watch")
    expired = await anonymous.get("/v1/notes/a:watch", headers={"authorization": f"Bearer {sign(exp=1)}"})

    assert (without.status_code, expired.status_code) == (200, 200)


async def test_token_reaches_the_service(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """The access token is passed on: the service verifies it again."""
    await client.get("/v1/notes/a")

    assert upstream.headers["authorization"] == client.headers["authorization"]


async def test_api_token(anonymous: httpx.AsyncClient, upstream: Upstream) -> None:
    """An API token is exchanged for an access token, which is what the service sees."""
    answer = await anonymous.get("/v1/notes/a", headers={"authorization": "Bearer jmt_good"})

    assert (answer.status_code, upstream.headers["authorization"]) == (200, f"Bearer {upstream.exchange}")


async def test_unknown_api_token(anonymous: httpx.AsyncClient) -> None:
    """An API token that nobody knows is refused."""
    answer = await anonymous.get("/v1/notes/a", headers={"authorization": "Bearer jmt_bad"})

    assert reason(answer) == (401, 16, "TOKEN_INVALID")


async def test_access_tokens_are_not_asked_about(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """Only API tokens cost a call to their service."""
    before = len(upstream.asked)

    await client.get("/v1/notes/a")

    assert len(upstream.asked) == before


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v1/notes/a/b"])
async def test_unknown_path(anonymous: httpx.AsyncClient, path: str) -> None:
    """A path that means nothing is 404 in JSON, with or without a token."""
    answer = await anonymous.get(path)

    assert reason(answer) == (404, 5, "NO_SUCH_METHOD")
    assert answer.headers["content-type"] == "application/json"


async def test_request_id_in_refusals(anonymous: httpx.AsyncClient) -> None:
    """A refusal names the request and its trace, so that both can be found in logs."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await anonymous.get("/v1/nothing", headers={"traceparent": trace})

    assert answer.json()["details"][0]["metadata"] == {
        "requestId": answer.headers["x-request-id"],
        "traceparent": trace,
    }


async def test_unknown_query_parameter(client: httpx.AsyncClient) -> None:
    """A query parameter that the method doesn't have is refused by name."""
    answer = await client.get("/v1/notes/a?colour=red")

    assert reason(answer) == (400, 3, "INVALID_REQUEST")
    assert '"colour"' in answer.json()["message"]


async def test_broken_json(client: httpx.AsyncClient) -> None:
    """A body that is not JSON is refused."""
    assert reason(await client.post("/v1/notes", content=b'{"text": 1')) == (400, 3, "INVALID_REQUEST")


async def test_body_too_large(client: httpx.AsyncClient) -> None:
    """A body over the limit is 413, also for a client that reads only after it has sent everything."""
    answer = await client.post("/v1/notes", json={"text": "x" * (10 * MIB)})

    assert reason(answer) == (413, 3, "BODY_TOO_LARGE")


async def test_body_too_large_without_length(client: httpx.AsyncClient) -> None:
    """The limit holds as well for a body that doesn't say how long it is."""

    async def body() -> Any:
        yield b'{"text": "'
        yield b"x" * (4 * MIB)
        yield b'"}'

    assert reason(await client.post("/v1/notes", content=body())) == (413, 3, "BODY_TOO_LARGE")


async def test_upload(client: httpx.AsyncClient) -> None:
    """A raw body is streamed to the service in pieces, with its content type and the query's parameters."""
    answer = await client.post(
        "/v1/notes:import?folder=old", content=b"z" * (32 * MIB), headers={"content-type": "application/zip"}
    )
    got = answer.json()

    assert (got["size"], got["folder"], got["contentType"]) == (str(32 * MIB), "old", "application/zip")
    assert int(got["largest"]) <= 2 * MIB


async def test_page(anonymous: httpx.AsyncClient) -> None:
    """A page is served whole, with its content type, to anybody."""
    answer = await anonymous.get("/openapi.json")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"openapi": "3.1.0"}
    assert len(answer.content) > 100_000


async def test_health(anonymous: httpx.AsyncClient) -> None:
    """The edge says itself that it is up."""
    assert (await anonymous.get("/healthz")).status_code == 200


async def test_preflight(anonymous: httpx.AsyncClient) -> None:
    """A page of an allowed origin may ask with a token; one of another may not."""
    ask = {"access-control-request-method": "GET", "access-control-request-headers": "authorization"}
    allowed = await anonymous.options("/v1/notes/a", headers={**ask, "origin": "http://localhost:3000"})
    other = await anonymous.options("/v1/notes/a", headers={**ask, "origin": "https://evil.example"})

    assert allowed.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "authorization" in allowed.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in other.headers


async def test_refusal_is_readable_by_a_page(anonymous: httpx.AsyncClient) -> None:
    """A page can read why it was refused."""
    answer = await anonymous.get("/v1/notes/a", headers={"origin": "http://localhost:3000"})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, "http://localhost:3000")


async def test_forged_headers(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """A client cannot set headers that Envoy and the services believe."""
    forged = {"x-judgemesh-user": "root", "x-envoy-max-retries": "9", "X-Envoy-Upstream-Rq-Timeout-Ms": "1"}
    answer = await client.get("/v1/notes/a", headers=forged)

    assert answer.status_code == 200
    assert not {name.lower() for name in forged} & set(upstream.headers)


async def test_escaped_slash(client: httpx.AsyncClient) -> None:
    """A path with an escaped slash, which readers could take in two ways, is refused, and the answer says why."""
    answer = await client.get("/v1/notes%2Fa")

    assert reason(answer) == (400, 3, "INVALID_REQUEST")
    assert answer.json()["message"] == "the request's path or headers are malformed"


async def test_deadline(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """A call ends with 504 at the client's deadline; the service is told how long it has."""
    answer = await client.get("/v1/notes/slow", headers={"grpc-timeout": "200m"})

    # The service may notice first, or the edge.
    assert (answer.status_code, answer.json()["code"]) == (504, 4)
    assert upstream.remaining is not None
    assert upstream.remaining <= 0.2


async def test_deadline_is_capped(client: httpx.AsyncClient, upstream: Upstream) -> None:
    """Without a deadline of its own, or with a longer one, a call has the service's."""
    await client.get("/v1/notes/a", headers={"grpc-timeout": "1H"})

    assert upstream.remaining is not None
    assert upstream.remaining <= 2


async def test_native_grpc(edge: Envoy) -> None:
    """GRPC works on the same port."""
    async with grpc.aio.insecure_channel(edge.address) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/GetNote", lambda request: request.SerializeToString(), message("Note").FromString
        )
        note = await call(
            message("GetNoteRequest")(name="notes/a"), metadata=[("authorization", f"Bearer {sign()}")], timeout=10
        )

    assert note == message("Note")(name="notes/a", text="hello", revision=7)


@pytest.mark.parametrize(
    ("path", "code", "why"),
    [
        (f"/{SERVICE}/GetNote", grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING"),
        ("/demo.v1.Unknown/Get", grpc.StatusCode.UNIMPLEMENTED, "NO_SUCH_METHOD"),
        # Behind the edge, but not for its clients.
        ("/envoy.service.auth.v3.Authorization/Check", grpc.StatusCode.UNIMPLEMENTED, "NO_SUCH_METHOD"),
    ],
)
async def test_native_grpc_refused(edge: Envoy, path: str, code: grpc.StatusCode, why: str) -> None:
    """GRPC clients get the edge's refusals as rich errors of their own kind."""
    async with grpc.aio.insecure_channel(edge.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary(path)(b"", timeout=10)
    info = ErrorInfo()
    status = rpc_status.from_call(caught.value)
    assert status is not None
    status.details[0].Unpack(info)

    assert (caught.value.code(), info.reason) == (code, why)


async def test_grpc_web(client: httpx.AsyncClient) -> None:
    """Browsers call with gRPC-Web on the same port."""
    request = message("GetNoteRequest")(name="notes/a").SerializeToString()
    answer = await client.post(
        f"/{SERVICE}/GetNote",
        content=b"\0" + len(request).to_bytes(4, "big") + request,
        headers={"content-type": "application/grpc-web+proto"},
    )
    size = int.from_bytes(answer.content[1:5], "big")

    assert message("Note").FromString(answer.content[5 : 5 + size]).text == "hello"
    assert b"grpc-status:0" in answer.content[5 + size :]
