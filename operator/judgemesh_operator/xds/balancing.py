"""How a proxy chooses among the endpoints of a cluster."""

from judgemesh_operator.api.balancing import LoadBalancing
from judgemesh_operator.xds.envoy import Json, duration, extension

_POLICIES = {
    "LeastRequest": ("least_request", "LeastRequest"),
    "RoundRobin": ("round_robin", "RoundRobin"),
    "Random": ("random", "Random"),
    "RingHash": ("ring_hash", "RingHash"),
}


def policy(balancing: LoadBalancing) -> Json:
    """The `load_balancing_policy` of a cluster."""
    name, message = _POLICIES[balancing.policy]
    fields: Json = {}
    if balancing.policy == "LeastRequest":
        fields["choice_count"] = 2
    if balancing.slow_start:
        fields["slow_start_config"] = {"slow_start_window": duration(balancing.slow_start)}
    return _only(name, message, fields)


def simple_policy(balancing: LoadBalancing) -> Json:
    """The same for gRPC's xDS client, which refuses a snapshot for what it doesn't know: LEAST_REQUEST."""
    name = "RingHash" if balancing.policy == "RingHash" else "RoundRobin"
    return _only(*_POLICIES[name], {})


def hash_policy(balancing: LoadBalancing) -> Json:
    """The part of a route that says what RING_HASH goes by; empty for other policies."""
    if balancing.hash_header is None:
        return {}
    return {"hash_policy": [{"header": {"header_name": balancing.hash_header}}]}


def common(balancing: LoadBalancing) -> Json:
    """The `common_lb_config` of a cluster.

    Envoy gathers changes of health for a second after any change of endpoints, in which an endpoint that was found bad
    still gets calls: in a rolling update, just when it matters. So it gathers for less.
    """
    return {"healthy_panic_threshold": {"value": balancing.panic_percent}, "update_merge_window": "0.1s"}


def _only(name: str, message: str, fields: Json) -> Json:
    typed_extension = extension(
        f"envoy.load_balancing_policies.{name}", f"extensions.load_balancing_policies.{name}.v3.{message}", **fields
    )
    return {"policies": [{"typed_extension_config": typed_extension}]}
