"""Words of Envoy's configuration that every part of the translation uses."""

from datetime import timedelta
from typing import Any

Json = dict[str, Any]

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ENDPOINTS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"

JSON_TYPE = "application/json"


def typed(name: str, **fields: Any) -> Json:
    """An `Any` of a message in Envoy's API, by its name after `envoy.`."""
    return {"@type": f"type.googleapis.com/envoy.{name}", **fields}


def extension(name: str, message: str, **fields: Any) -> Json:
    """A named extension with its typed configuration."""
    return {"name": name, "typed_config": typed(message, **fields)}


def duration(value: timedelta) -> str:
    """The form of proto JSON, in which seconds are decimal: `0.250s`."""
    return f"{value.total_seconds():.3f}".rstrip("0").rstrip(".") + "s"


def socket_address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def always() -> Json:
    return {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
