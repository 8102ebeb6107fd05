"""Routes by method: a call's path says its method, and the method its service, its way and its treatment."""

from collections.abc import Iterator

from judgemesh_operator.xds.descriptor import Descriptors, Method
from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.faults import route_fault
from judgemesh_operator.xds.policies import UNREACHED, treatment
from judgemesh_operator.xds.traffic import Traffic


def method_routes(traffic: Traffic, method: Method) -> Iterator[Json]:
    """One route, or, where headers decide, one for each of these before it."""
    spec = traffic.service.spec
    faults = route_fault(traffic.fault_of(method))
    for target in traffic.targets:
        route: Json = {
            "name": method.path[1:],
            "match": {"path": method.path, **target.match},
            "route": {**target.action, **treatment(method, spec), **traffic.mirrored(method)},
        }
        if faults:
            route["typed_per_filter_config"] = faults
        yield route


def service_routes(traffic: Traffic, descriptors: Descriptors) -> Iterator[Json]:
    for method in descriptors.methods(traffic.service.spec.proto_services):
        yield from method_routes(traffic, method)


def virtual_host(name: str, routes: list[Json]) -> Json:
    """Only a sidecar itself says that its service was not reached: of services' own answers the header is removed."""
    return {
        "name": name,
        "domains": ["*"],
        "include_request_attempt_count": True,
        "response_headers_to_remove": [UNREACHED],
        "routes": routes,
    }


def refuse(match: Json, status: int, message: str) -> Json:
    return {
        "name": f"refused {status}",
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": message}},
    }
