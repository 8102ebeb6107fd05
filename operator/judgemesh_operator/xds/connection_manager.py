"""What the listeners of all proxies have in common: HTTP connection managers with an access log, and spans."""

from collections.abc import Sequence
from datetime import timedelta

from judgemesh_operator.xds.envoy import LISTENER, Json, extension, socket_address
from judgemesh_operator.xds.proxies import Address, Proxy, Source
from judgemesh_operator.xds.telemetry import access_log, tracing

HTTP = "extensions.filters.http"
_NETWORK = "envoy.filters.network"


def manager(proxy: Proxy, source: Source, *, routes: str, slow: timedelta) -> Json:
    """The settings of a connection manager but for its codec and filters."""
    settings: Json = {
        "stat_prefix": routes,
        "drain_timeout": "5s",
        "rds": {"route_config_name": routes, "config_source": source.config_source("rds", routes)},
        "access_log": access_log(slow),
    }
    if proxy.collector:
        settings["tracing"] = tracing(proxy)
    return settings


def router() -> Json:
    return extension("envoy.filters.http.router", f"{HTTP}.router.v3.Router", suppress_envoy_headers=True)


def listener(name: str, address: Address, settings: Json, direction: str, chain: Json | None = None) -> Json:
    """A listener of one filter chain; `chain` is what it has besides the connection manager."""
    place = socket_address(address.host, address.port)
    return listener_at(name, place, [connection_manager(settings)], direction, chain)


def listener_at(name: str, place: Json, filters: Sequence[Json], direction: str, chain: Json | None = None) -> Json:
    return {
        "@type": LISTENER,
        "name": name,
        "traffic_direction": direction,
        "address": place,
        "filter_chains": [{"filters": list(filters), **(chain or {})}],
    }


def connection_manager(settings: Json) -> Json:
    name = f"{_NETWORK}.http_connection_manager"
    message = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return extension(name, message, **settings)


def connection_limit(name: str, most: int) -> Json:
    """A network filter: connections beyond are closed at once."""
    return extension(
        f"{_NETWORK}.connection_limit",
        "extensions.filters.network.connection_limit.v3.ConnectionLimit",
        stat_prefix=name,
        max_connections=most,
    )
