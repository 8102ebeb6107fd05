"""Where a call would go, and why: the translation's own decisions, put into words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh_operator.api.durations import format_duration
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.resources import Resources
from judgemesh_operator.control_plane.status import endpoint_messages
from judgemesh_operator.xds.descriptor import Descriptors, Method
from judgemesh_operator.xds.identities import reached
from judgemesh_operator.xds.method_routes import method_routes
from judgemesh_operator.xds.policies import repeatable
from judgemesh_operator.xds.traffic import Traffic, traffic


class NoSuchService(Exception):
    """There is no GrpcService of the name."""


class _NoWay(Exception):
    """The call cannot be made; the message says why."""


@dataclass(frozen=True)
class Mesh:
    """All that decides."""

    resources: Resources
    descriptors: Descriptors
    now: datetime
    shared: bool
    """Whether one proxy carries the calls of all services, as on one machine."""

    def routes(self, service: str) -> pb.ListRoutesResponse:
        """Every method of a service. Raises NoSuchService."""
        found = self.resources.services.get(service)
        if found is None:
            known = ", ".join(sorted(self.resources.services)) or "none"
            raise NoSuchService(f"there is no GrpcService {service}; known: {known}")
        going = self._traffic(found)
        methods = self.descriptors.methods(found.spec.proto_services)
        return pb.ListRoutesResponse(
            routes=[route_message(going, method) for method in methods], endpoints=self._endpoints(found)
        )

    def explain(self, caller: str, method: str) -> pb.CallExplanation:
        """A call that cannot be made is explained as well."""
        answer = pb.CallExplanation()
        try:
            owner, called = self._owner(method.lstrip("/").replace("/", "."))
            answer.service = owner.name
            answer.reasons.append(f"{called.service} is served by GrpcService {owner.name} (spec.protoServices)")
            answer.reasons.extend(self._admission(caller, owner))
        except _NoWay as reason:
            answer.reasons.append(str(reason))
            return answer
        going = self._traffic(owner)
        answer.reasons.extend([*_way(going, called), *_treatment(owner, called), *self._places(owner)])
        answer.route.CopyFrom(route_message(going, called))
        answer.endpoints.extend(self._endpoints(owner))
        answer.allowed = True
        return answer

    def _owner(self, name: str) -> tuple[GrpcService, Method]:
        proto_service, _, _ = name.rpartition(".")
        owner = next((s for s in self.resources.services.values() if proto_service in s.spec.proto_services), None)
        if owner is None:
            raise _NoWay(f"no GrpcService has {proto_service or name} among its protoServices")
        for method in self.descriptors.methods([proto_service]):
            if method.full_name == name:
                return owner, method
        known = ", ".join(method.name for method in self.descriptors.methods([proto_service]))
        raise _NoWay(f"{proto_service} has no method {name.rpartition('.')[2]}; it has {known}")

    def _admission(self, caller: str, owner: GrpcService) -> Iterator[str]:
        if gateway := self.resources.gateways.get(caller):
            if owner.name not in reached(gateway):
                raise _NoWay(f"MeshGateway {caller} does not name {owner.name} in spec.services")
            yield f"MeshGateway {caller} exposes {owner.name} (spec.services)"
            return
        service = self.resources.services.get(caller)
        if service is None:
            raise _NoWay(f"there is no GrpcService or MeshGateway {caller}")
        if owner.name in service.spec.dependencies:
            yield f"{caller} declares {owner.name} (spec.dependencies), so its proxy has routes there"
        elif self.shared and self._called_by_some(owner):
            yield (
                f"{caller} does not declare {owner.name} (spec.dependencies): with a sidecar of its own the call would "
                "fail; here one proxy carries the calls of all services"
            )
        else:
            raise _NoWay(f"{caller} does not declare {owner.name} (spec.dependencies): its proxy has no route there")
        if not self.shared and owner.spec.mtls == "Strict":
            yield f"the sidecar of {owner.name} admits {caller} by its certificate, since it is a declared caller"

    def _called_by_some(self, owner: GrpcService) -> bool:
        return any(owner.name in service.spec.dependencies for service in self.resources.services.values())

    def _traffic(self, service: GrpcService) -> Traffic:
        return traffic(service, self.resources, self.resources.endpoints, self.now)

    def _endpoints(self, service: GrpcService) -> list[pb.EndpointStatus]:
        return endpoint_messages(self.resources.endpoints.get(service.name, ()))

    def _places(self, service: GrpcService) -> Iterator[str]:
        places = self.resources.endpoints.get(service.name, ())
        ready = sum(not place.draining for place in places)
        if not ready:
            yield f"{service.name} has no endpoint that takes calls: they fail with UNAVAILABLE"
        else:
            draining = f", {len(places) - ready} only finish what they have" if len(places) > ready else ""
            yield f"{service.name} takes calls at {ready} endpoint{'s' if ready > 1 else ''}{draining}"


def route_message(going: Traffic, method: Method) -> pb.MethodRoute:
    """The way of calls that no header sends elsewhere."""
    *_, route = method_routes(going, method)
    action = route["route"]
    retries = action.get("retry_policy") or {}
    message = pb.MethodRoute(
        method=method.full_name,
        path=method.path,
        clusters=[pb.WeightedCluster(cluster=name, weight=share) for name, share in going.targets[-1].shares],
        retries=retries.get("num_retries", 0),
        retry_on=retries["retry_on"].split(",") if retries else (),
        idempotent=method.idempotent,
        http_paths=method.http_paths,
    )
    message.timeout.FromTimedelta(_longest(action))
    return message


def _longest(action: dict[str, dict[str, str]]) -> timedelta:
    return timedelta(seconds=float(action["max_stream_duration"]["max_stream_duration"].removesuffix("s")))


def _way(going: Traffic, method: Method) -> Iterator[str]:
    for target in going.targets[:-1]:
        yield f"with the header {target.header}: {target.value} it goes to {target.shares[0][0]} (TrafficPolicy)"
    shares = going.targets[-1].shares
    if len(shares) > 1 or shares[0][0] != going.service.name:
        split = ", ".join(f"{share} % to {name}" for name, share in shares)
        yield f"calls are split: {split} (TrafficPolicy)"
    if going.mirrored(method):
        yield f"a copy of {going.mirror.percent if going.mirror else 0} % of the calls goes to a mirror (TrafficPolicy)"
    if fault := going.fault_of(method):
        yield f"some calls are delayed or fail on purpose until {fault.expire_time.isoformat()} (TrafficPolicy)"


def _treatment(owner: GrpcService, method: Method) -> Iterator[str]:
    spec = owner.spec
    if not spec.retries.attempts:
        yield "it is never retried (spec.retries.attempts is 0)"
    elif repeatable(method):
        conditions = ", ".join(spec.retries.conditions)
        yield f"it is retried up to {spec.retries.attempts} times on {conditions}: its proto says it is idempotent"
    elif method.unary:
        yield "it is retried only where the service cannot have seen it: its proto does not say that it is idempotent"
    else:
        yield "it is retried only where the service cannot have seen it: a stream that has begun cannot be repeated"
    kind, longest = _timeout(owner, method)
    yield f"it may take {format_duration(longest)} at most (spec.timeouts.{kind}), or less if its caller says so"


def _timeout(owner: GrpcService, method: Method) -> tuple[str, timedelta]:
    timeouts = owner.spec.timeouts
    if method.unary:
        return "unary", timeouts.unary
    return ("stream", timeouts.stream) if method.server_streaming else ("upload", timeouts.upload)
