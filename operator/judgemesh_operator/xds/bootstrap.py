"""The little that a proxy is started with; all else reaches it from the control plane."""

from collections.abc import Sequence
from dataclasses import dataclass

from judgemesh_operator.identity.spiffe import Identity
from judgemesh_operator.xds.clusters import HTTP_OPTIONS
from judgemesh_operator.xds.envoy import Json, extension, socket_address, typed
from judgemesh_operator.xds.nodes import node_metadata
from judgemesh_operator.xds.proxies import Address, Ads, Proxy
from judgemesh_operator.xds.tls import client_socket

MAX_CONNECTIONS = 10_000
CONTROL_PLANE = "control-plane"


@dataclass(frozen=True)
class ControlPlane:
    """Its replicas, or a name that stands for all of them. With an identity, it must prove that by its certificate."""

    addresses: Sequence[Address]
    identity: Identity | None = None


def bootstrap(proxy: Proxy, *, admin: Address, control_plane: ControlPlane, node_id: str = "") -> Json:
    """The file for `envoy -c`. The admin port can stop the proxy: keep it on loopback.

    `node_id` is unique in the mesh; `--service-node` does as well.
    """
    return {
        "node": {
            "id": node_id or f"{proxy.name}.{admin.port}",
            "cluster": proxy.name,
            "metadata": node_metadata(proxy),
        },
        "admin": {"address": socket_address(admin.host, admin.port)},
        "dynamic_resources": {
            "ads_config": _ads(),
            "cds_config": Ads().config_source("cds"),
            "lds_config": Ads().config_source("lds"),
        },
        "static_resources": {"clusters": [_cluster(proxy, control_plane)]},
        "overload_manager": {"resource_monitors": [_connection_limit()]},
    }


def client_bootstrap(proxy: Proxy, *, control_plane: Address, node_id: str) -> Json:
    """The file that GRPC_XDS_BOOTSTRAP names, for a service that calls others without a sidecar. Plaintext."""
    return {
        "xds_servers": [
            {
                "server_uri": f"{control_plane.host}:{control_plane.port}",
                "channel_creds": [{"type": "insecure"}],
                "server_features": ["xds_v3"],
            }
        ],
        "node": {"id": node_id, "cluster": proxy.name, "metadata": node_metadata(proxy)},
    }


def _ads() -> Json:
    # Envoy's own back-off grows to half a minute, for which a mesh would stand still after its control plane is back.
    back_off = {"base_interval": "0.1s", "max_interval": "2s"}
    service = {"cluster_name": CONTROL_PLANE, "retry_policy": {"retry_back_off": back_off}}
    return {
        "api_type": "DELTA_GRPC",
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [{"envoy_grpc": service, "timeout": "0s"}],
    }


def _cluster(proxy: Proxy, control_plane: ControlPlane) -> Json:
    endpoints = [{"endpoint": {"address": socket_address(each.host, each.port)}} for each in control_plane.addresses]
    # A replica that vanished without a word is noticed, and left for another.
    keepalive = {"connection_keepalive": {"interval": "10s", "timeout": "10s"}}
    cluster: Json = {
        "name": CONTROL_PLANE,
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": CONTROL_PLANE, "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {
            HTTP_OPTIONS: typed(
                "extensions.upstreams.http.v3.HttpProtocolOptions",
                explicit_http_config={"http2_protocol_options": keepalive},
            )
        },
    }
    if control_plane.identity and proxy.mtls:
        cluster["transport_socket"] = client_socket(proxy.mtls, control_plane.identity)
    return cluster


def _connection_limit() -> Json:
    return extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=MAX_CONNECTIONS,
    )
