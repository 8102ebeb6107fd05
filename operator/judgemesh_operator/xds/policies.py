"""How a call is treated on its way: deadline and retries, from the method's shape and idempotency level."""

from judgemesh_operator.api.grpc_service import GrpcServiceSpec, Retries
from judgemesh_operator.xds import balancing
from judgemesh_operator.xds.descriptor import Method
from judgemesh_operator.xds.envoy import Json, duration, extension

NEVER_REACHED = "connect-failure,refused-stream,reset-before-request"
"""What can be retried for any method: the service cannot have seen the call."""

UNREACHED = "x-judgemesh-unreached"
"""A sidecar says by this header that it could not reach its own service, which to its caller looks like any failure."""


def treatment(method: Method, spec: GrpcServiceSpec) -> Json:
    """The part of a route's action that is the same wherever the call goes: how long and how often it is tried."""
    action: Json = {**deadline(method, spec), **balancing.hash_policy(spec.load_balancing)}
    if spec.retries.attempts:
        action["retry_policy"] = _retries(method, spec.retries)
        if repeatable(method) and spec.retries.hedge_after:
            # The first attempt is kept when the per-try timeout is over, and the first answer of all is taken.
            action["hedge_policy"] = {"hedge_on_per_try_timeout": True}
    return action


def deadline(method: Method, spec: GrpcServiceSpec) -> Json:
    """The caller's `grpc-timeout`, capped; streams have no timeout of Envoy's own, which would cut them at 15 s."""
    if method.unary:
        longest = spec.timeouts.unary
    elif method.server_streaming:
        longest = spec.timeouts.stream
    else:
        longest = spec.timeouts.upload
    cap = duration(longest)
    return {"timeout": "0s", "max_stream_duration": {"max_stream_duration": cap, "grpc_timeout_header_max": cap}}


def repeatable(method: Method) -> bool:
    """A stream that has begun cannot be retried, and one that has not is opened again by its client's cursor."""
    return method.idempotent and method.unary


def _retries(method: Method, retries: Retries) -> Json:
    policy: Json = {
        "retry_on": ",".join(retries.conditions) if repeatable(method) else f"{NEVER_REACHED},retriable-headers",
        "num_retries": retries.attempts,
        "retry_host_predicate": [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ],
        "host_selection_retry_max_attempts": 5,
        "retry_back_off": {
            "base_interval": duration(retries.back_off.base),
            "max_interval": duration(retries.back_off.max),
        },
    }
    if not repeatable(method):
        policy["retriable_headers"] = [{"name": UNREACHED, "present_match": True}]
    per_try = retries.per_try_timeout or retries.hedge_after
    if repeatable(method) and per_try:
        policy["per_try_timeout"] = duration(per_try)
    return policy
