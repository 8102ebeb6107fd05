"""Endpoints: where a service, or a subset of it, runs."""

from collections.abc import Sequence
from itertools import groupby

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.xds.envoy import ENDPOINTS, Json, socket_address

NO_ZONE = "default"


def assignment(cluster: str, endpoints: Sequence[Endpoint], port: int | None = None, near: str = "") -> Json:
    """The endpoints of a cluster by zone. Sorted, so that the order of observation changes nothing.

    `port` replaces each endpoint's: that of their sidecars. Zones other than `near`, if that has any endpoint, get
    calls only in so far as too few endpoints of it are healthy: below 71 %, by Envoy's overprovisioning factor.
    """
    places = sorted(set(endpoints), key=lambda place: (place.zone, place.host, place.port))
    zones = [(zone, list(group)) for zone, group in groupby(places, key=lambda place: place.zone)]
    preferred = near if any(zone == near for zone, _ in zones) else ""
    localities = [_locality(zone, members, port, far=preferred not in {"", zone}) for zone, members in zones]
    return {"@type": ENDPOINTS, "cluster_name": cluster, "endpoints": localities}


def _locality(zone: str, members: Sequence[Endpoint], port: int | None, *, far: bool) -> Json:
    locality: Json = {
        "locality": {"zone": zone or NO_ZONE},
        # gRPC's own xDS client refuses endpoints without; each endpoint then has the same share.
        "load_balancing_weight": len(members),
        "lb_endpoints": [_member(member, port) for member in members],
    }
    return {**locality, "priority": 1} if far else locality


def _member(member: Endpoint, port: int | None) -> Json:
    place: Json = {"endpoint": {"address": socket_address(member.host, port or member.port)}}
    if member.draining:
        place["health_status"] = "DRAINING"
    return place
