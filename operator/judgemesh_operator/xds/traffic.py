"""TrafficPolicies, resolved for one service: where its calls go, what is mirrored, and what fails on purpose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from judgemesh_operator.api.endpoints import Endpoint, subset_cluster
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.resources import Resources
from judgemesh_operator.api.traffic_policy import Fault, Mirror, TrafficPolicy
from judgemesh_operator.xds.descriptor import Method
from judgemesh_operator.xds.envoy import Json


@dataclass(frozen=True)
class Target:
    """Where calls go: clusters with their shares; one of them alone for nearly every service."""

    shares: tuple[tuple[str, int], ...]
    header: str = ""
    """Only calls whose header has this value; empty: all others."""
    value: str = ""

    @property
    def match(self) -> Json:
        """The part of a route's match that says so."""
        if not self.header:
            return {}
        return {"headers": [{"name": self.header, "string_match": {"exact": self.value}}]}

    @property
    def action(self) -> Json:
        """The part of a route's action that says where."""
        if len(self.shares) == 1:
            return {"cluster": self.shares[0][0]}
        clusters = [{"name": cluster, "weight": share} for cluster, share in self.shares]
        return {"weighted_clusters": {"clusters": clusters}}


@dataclass(frozen=True)
class Traffic:
    """How calls of a service go now."""

    service: GrpcService
    targets: tuple[Target, ...]
    """The first that matches counts; the last matches all."""
    subsets: tuple[str, ...] = ()
    """Clusters beside the service's own."""
    mirror: Mirror | None = None
    fault: Fault | None = None

    def mirrored(self, method: Method) -> Json:
        """The part of a route that copies calls, for methods that may be copied."""
        if self.mirror is None:
            return {}
        asked = method.full_name in self.mirror.methods if self.mirror.methods else method.side_effect_free
        if not asked:
            return {}
        fraction = {"default_value": {"numerator": self.mirror.percent, "denominator": "HUNDRED"}}
        cluster = subset_cluster(self.service.name, self.mirror.subset)
        return {"request_mirror_policies": [{"cluster": cluster, "runtime_fraction": fraction}]}

    def fault_of(self, method: Method) -> Fault | None:
        if self.fault is None or (self.fault.methods and method.full_name not in self.fault.methods):
            return None
        return self.fault


def traffic(
    service: GrpcService, resources: Resources, endpoints: Mapping[str, Sequence[Endpoint]], now: datetime | None
) -> Traffic:
    """How calls of the service go at a moment. Without one no fault is active."""
    policy = policy_of(service.name, resources)
    if policy is None:
        return Traffic(service, (Target(((service.name, 100),)),))
    spec = policy.spec
    running = {
        subset.name for subset in spec.subsets if _runs(endpoints.get(subset_cluster(service.name, subset.name)))
    }
    fault = spec.fault if spec.fault and now and spec.fault.active(now) else None
    return Traffic(
        service,
        targets=(*_by_header(policy, running), _by_weight(policy, running)),
        subsets=tuple(subset_cluster(service.name, subset.name) for subset in spec.subsets),
        mirror=spec.mirror if spec.mirror and spec.mirror.subset in running else None,
        fault=fault,
    )


def policy_of(service: str, resources: Resources) -> TrafficPolicy | None:
    """The service's policy. Of several the first by name counts, and `checks` blames the others."""
    return next(
        (policy for _, policy in sorted(resources.policies.items()) if policy.spec.service == service),
        None,
    )


def next_expiry(resources: Resources, now: datetime) -> datetime | None:
    """When the next fault ends: a snapshot that is made before is no longer right then."""
    ends = [policy.spec.fault.expire_time for policy in resources.policies.values() if policy.spec.fault]
    return min((end for end in ends if end > now), default=None)


def _by_header(policy: TrafficPolicy, running: set[str]) -> Iterator[Target]:
    for route in policy.spec.canary.headers if policy.spec.canary else ():
        if route.subset in running:
            cluster = subset_cluster(policy.spec.service, route.subset)
            yield Target(((cluster, 100),), route.header, route.value)


def _by_weight(policy: TrafficPolicy, running: set[str]) -> Target:
    """A subset without a pod gets no share: a canary that has not started yet must not cost calls."""
    weights = policy.spec.canary.weights if policy.spec.canary else ()
    shares = tuple(
        (subset_cluster(policy.spec.service, each.subset), each.weight)
        for each in weights
        if each.weight and each.subset in running
    )
    return Target(shares or ((policy.spec.service, 100),))


def _runs(endpoints: Sequence[Endpoint] | None) -> bool:
    return any(not endpoint.draining for endpoint in endpoints or ())
