"""Pure translation: resources, endpoints and a descriptor set in, what Envoy reads out."""

from judgemesh_operator.xds.bootstrap import bootstrap
from judgemesh_operator.xds.proxies import Address, Ads, Endpoint, Files, Proxy, ProxyKind
from judgemesh_operator.xds.snapshot import Snapshot, load_pages, snapshot

__all__ = [
    "Address",
    "Ads",
    "Endpoint",
    "Files",
    "Proxy",
    "ProxyKind",
    "Snapshot",
    "bootstrap",
    "load_pages",
    "snapshot",
]
