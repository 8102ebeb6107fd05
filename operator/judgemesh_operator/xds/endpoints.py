"""Endpoints: where a service, or a subset of it, runs."""

from collections.abc import Sequence
from itertools import groupby

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.xds.envoy import ENDPOINTS, Json, socket_address

NO_ZONE = "default"


def assignment(cluster: str, endpoints: Sequence[Endpoint], port: int | None = None) -> Json:
    """The endpoints of a cluster by zone. Sorted, so that the order of observation changes nothing.

    `port` replaces each endpoint's: that of their sidecars.
    """
    places = sorted(set(endpoints), key=lambda place: (place.zone, place.host, place.port))
    zones = [(zone, list(group)) for zone, group in groupby(places, key=lambda place: place.zone)]
    localities = [_locality(zone, members, port) for zone, members in zones]
    return {"@type": ENDPOINTS, "cluster_name": cluster, "endpoints": localities}


def _locality(zone: str, members: Sequence[Endpoint], port: int | None) -> Json:
    return {
        "locality": {"zone": zone or NO_ZONE},
        # gRPC's own xDS client refuses endpoints without; each endpoint then has the same share.
        "load_balancing_weight": len(members),
        "lb_endpoints": [_member(member, port) for member in members],
    }


def _member(member: Endpoint, port: int | None) -> Json:
    place: Json = {"endpoint": {"address": socket_address(member.host, port or member.port)}}
    if member.draining:
        place["health_status"] = "DRAINING"
    return place
