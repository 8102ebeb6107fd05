"""Pure translation: resources, endpoints and a descriptor set in, what Envoy reads out."""

from judgemesh_operator.xds.bootstrap import bootstrap
from judgemesh_operator.xds.proxies import (
    INBOUND_PORT,
    OUTBOUND,
    PROBES_PORT,
    Address,
    Ads,
    Endpoint,
    Mtls,
    Proxy,
    ProxyKind,
)
from judgemesh_operator.xds.snapshot import Snapshot, load_pages, snapshot, translate
from judgemesh_operator.xds.soundness import sound
from judgemesh_operator.xds.tls import secret_files
from judgemesh_operator.xds.traffic import next_expiry

__all__ = [
    "INBOUND_PORT",
    "OUTBOUND",
    "PROBES_PORT",
    "Address",
    "Ads",
    "Endpoint",
    "Mtls",
    "Proxy",
    "ProxyKind",
    "Snapshot",
    "bootstrap",
    "load_pages",
    "next_expiry",
    "secret_files",
    "snapshot",
    "sound",
    "translate",
]
