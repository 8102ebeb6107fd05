"""A service's calls to others: a plaintext listener beside it, routes by method, and nothing that it didn't declare."""

from collections.abc import Iterable
from datetime import timedelta

from judgemesh_operator.xds.connection_manager import listener, manager, router
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.envoy import ROUTES, Json
from judgemesh_operator.xds.faults import fault_filter
from judgemesh_operator.xds.method_routes import refuse, service_routes, virtual_host
from judgemesh_operator.xds.proxies import Proxy, Source
from judgemesh_operator.xds.traffic import Traffic

NOWHERE = "no GrpcService that a service here declares as a dependency has this method"
SLOW = timedelta(seconds=1)


def outbound_listener(proxy: Proxy, source: Source, name: str) -> Json:
    """Plaintext HTTP/2 on this machine or in this pod."""
    settings = {
        **manager(proxy, source, routes=name, slow=SLOW),
        "codec_type": "HTTP2",
        "http2_protocol_options": {"max_concurrent_streams": 10_000},
        # Streams may be silent for as long as their deadline and max_stream_duration let them.
        "stream_idle_timeout": "0s",
        "http_filters": [fault_filter(), router()],
    }
    return listener(name, proxy.listen, settings, "OUTBOUND")


def outbound_routes(name: str, called: Iterable[Traffic], descriptors: Descriptors) -> Json:
    routes = [route for traffic in called for route in service_routes(traffic, descriptors)]
    routes.append(refuse({"prefix": "/"}, 404, NOWHERE))
    return {"@type": ROUTES, "name": name, "virtual_hosts": [virtual_host("mesh", routes)]}
