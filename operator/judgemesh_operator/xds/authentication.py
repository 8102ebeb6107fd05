"""Who calls: access tokens are verified by jwt_authn, API tokens are first exchanged for one by their service.

Both stand after the transcoder, so that they see gRPC paths alone: which method a path means is decided in one
place, and no second reading of URL templates could disagree with it.
"""

from collections.abc import Iterable, Sequence

from judgemesh_operator.api.mesh_gateway import ApiTokens, Jwt
from judgemesh_operator.xds.descriptor import Method
from judgemesh_operator.xds.envoy import Json, duration, extension, typed
from judgemesh_operator.xds.replies import JWT_FAILURE, JWT_FILTER

PROVIDER = "judgemesh"
LOOPBACK = "gateway-loopback"


def jwt_filter(jwt: Jwt, methods: Iterable[Method], services: Sequence[str]) -> Json:
    """All methods of the services need a good token, but the public ones: of those, the service itself decides.

    Whoever logs in again or refreshes a session may still send an old token along, and must not be refused for it.
    Other paths have no requirement: they lead to pages, reflection or health, or nowhere.
    """
    public = [method for method in methods if method.full_name in jwt.public_methods]
    rules: list[Json] = [{"match": {"path": method.path}} for method in public]
    rules += [{"match": {"prefix": f"/{service}/"}, "requires": {"provider_name": PROVIDER}} for service in services]
    return extension(
        JWT_FILTER,
        "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={PROVIDER: _provider(jwt)},
        rules=rules,
        bypass_cors_preflight=True,
    )


def _provider(jwt: Jwt) -> Json:
    return {
        "issuer": jwt.issuer,
        "audiences": list(jwt.audiences),
        "forward": True,  # Services verify the same token again, and pass it on.
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "failed_status_in_metadata": JWT_FAILURE,
        "clock_skew_seconds": 10,
        "jwt_cache_config": {"jwt_cache_size": 1000},
        "remote_jwks": {
            "http_uri": {"uri": f"http://{LOOPBACK}{jwt.jwks_path}", "cluster": LOOPBACK, "timeout": "2s"},
            "cache_duration": duration(jwt.cache_duration),
            # Without fast_listener the listener would wait for keys that only it can serve.
            "async_fetch": {"fast_listener": True, "failed_refetch_duration": "1s"},
            # Requests wait for this while there are no keys yet: Envoy's own back-off of seconds would eat their time.
            "retry_policy": {"num_retries": 2, "retry_back_off": {"base_interval": "0.1s", "max_interval": "0.3s"}},
        },
    }


def api_token_filter(tokens: ApiTokens) -> Json:
    """Asks the service about API tokens and about nothing else; without an answer the request is refused."""
    authorizer = extension(
        "envoy.filters.http.ext_authz",
        "extensions.filters.http.ext_authz.v3.ExtAuthz",
        transport_api_version="V3",
        grpc_service={"envoy_grpc": {"cluster_name": tokens.service}, "timeout": duration(tokens.timeout)},
        failure_mode_allow=False,
        status_on_error={"code": "ServiceUnavailable"},
        allowed_headers={"patterns": [{"exact": name, "ignore_case": True} for name in _ASKED]},
    )
    return {
        "name": "envoy.filters.http.ext_authz",
        "typed_config": typed(
            "extensions.common.matching.v3.ExtensionWithMatcher",
            extension_config=authorizer,
            xds_matcher={"matcher_list": {"matchers": [_unless_prefixed(f"Bearer {tokens.prefix}")]}},
        ),
    }


_ASKED = ("authorization", "x-request-id", "traceparent", "tracestate")


def _unless_prefixed(prefix: str) -> Json:
    header = {
        "name": "authorization",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
            "header_name": "authorization",
        },
    }
    prefixed = {"single_predicate": {"input": header, "value_match": {"prefix": prefix}}}
    skip = extension("skip", "extensions.filters.common.matcher.action.v3.SkipFilter")
    return {"predicate": {"not_matcher": prefixed}, "on_match": {"action": skip}}
