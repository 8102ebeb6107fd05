"""The little that an Envoy is started with; all else reaches it from its source."""

from judgemesh_operator.xds.envoy import Json, extension, socket_address
from judgemesh_operator.xds.proxies import Address, Proxy, Source

MAX_CONNECTIONS = 10_000


def bootstrap(proxy: Proxy, *, admin: Address, source: Source) -> Json:
    """The file for `envoy -c`. The admin port can stop the proxy: keep it on loopback."""
    return {
        "node": {"id": f"{proxy.name}.{admin.port}", "cluster": proxy.name, "metadata": {"role": str(proxy.kind)}},
        "admin": {"address": socket_address(admin.host, admin.port)},
        "dynamic_resources": {
            "cds_config": source.config_source("cds"),
            "lds_config": source.config_source("lds"),
        },
        "overload_manager": {
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=MAX_CONNECTIONS,
                )
            ]
        },
    }
