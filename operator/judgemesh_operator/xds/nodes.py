"""How a proxy introduces itself, by the node of its first request, and how its bootstrap lets it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from judgemesh_operator.xds.proxies import Address, Mtls, Proxy, ProxyKind

ROLE, NAME, LISTEN, COLLECTOR = "role", "name", "listen", "collector"
TRUST_DOMAIN, CERTIFICATES, SECRETS, INBOUND = "trust_domain", "certificates", "secrets", "inbound"
APP, PROBES = "app", "probes_port"


class NotAProxy(ValueError):
    """A node that is none of ours; the message says what is missing."""


@dataclass(frozen=True)
class Node:
    """What a proxy says of itself, unproven."""

    id: str
    user_agent: str
    proxy: Proxy


def node_metadata(proxy: Proxy) -> dict[str, str]:
    """What a bootstrap says, for the control plane to make a snapshot by."""
    metadata = {ROLE: str(proxy.kind), NAME: proxy.name, LISTEN: f"{proxy.listen.host}:{proxy.listen.port}"}
    if proxy.collector:
        metadata[COLLECTOR] = f"{proxy.collector.host}:{proxy.collector.port}"
    if proxy.mtls:
        metadata[TRUST_DOMAIN] = proxy.mtls.trust_domain
        metadata[CERTIFICATES], metadata[SECRETS] = str(proxy.mtls.certificates), str(proxy.mtls.secrets)
        metadata[INBOUND] = f"{proxy.inbound_host}:{proxy.mtls.port}"
        metadata[APP] = proxy.app_host
    if proxy.probes_port:
        metadata[PROBES] = str(proxy.probes_port)
    return metadata


def read_node(node: Any) -> Node:
    """An `envoy.config.core.v3.Node`. Raises NotAProxy."""
    fields = {name: value.string_value for name, value in node.metadata.fields.items()}
    if not node.id:
        raise NotAProxy("a node needs an id, unique in the mesh")
    return Node(id=node.id, user_agent=_user_agent(node), proxy=_proxy(fields, node.locality.zone))


def _proxy(fields: Mapping[str, str], zone: str) -> Proxy:
    try:
        kind = ProxyKind(fields.get(ROLE, ""))
    except ValueError:
        known = ", ".join(ProxyKind)
        raise NotAProxy(f"node metadata {ROLE!r} is {fields.get(ROLE)!r}; expected one of {known}") from None
    if not fields.get(NAME):
        raise NotAProxy(f"node metadata {NAME!r} is missing: the GrpcService or MeshGateway that the proxy is for")
    return Proxy(
        kind,
        name=fields[NAME],
        listen=_address(LISTEN, fields[LISTEN]) if fields.get(LISTEN) else Address("127.0.0.1", 0),
        collector=_address(COLLECTOR, fields[COLLECTOR]) if fields.get(COLLECTOR) else None,
        zone=zone,
        mtls=_mtls(fields),
        inbound_host=_address(INBOUND, fields[INBOUND]).host if fields.get(INBOUND) else "0.0.0.0",  # noqa: S104
        app_host=fields.get(APP) or "127.0.0.1",
        probes_port=_port(PROBES, fields[PROBES]) if fields.get(PROBES) else None,
    )


def _mtls(fields: Mapping[str, str]) -> Mtls | None:
    if not fields.get(TRUST_DOMAIN):
        return None
    default = Mtls()
    return Mtls(
        trust_domain=fields[TRUST_DOMAIN],
        certificates=Path(fields[CERTIFICATES]) if fields.get(CERTIFICATES) else default.certificates,
        secrets=Path(fields[SECRETS]) if fields.get(SECRETS) else default.secrets,
        port=_address(INBOUND, fields[INBOUND]).port if fields.get(INBOUND) else default.port,
    )


def _address(field: str, text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host:
        raise NotAProxy(f"node metadata {field!r} is {text!r}; expected host:port")
    return Address(host, _port(field, port))


def _port(field: str, text: str) -> int:
    if not text.isdecimal() or int(text) > 0xFFFF:
        raise NotAProxy(f"node metadata {field!r} has the port {text!r}; expected a number up to 65535")
    return int(text)


def _user_agent(node: Any) -> str:
    version = node.user_agent_version or ""
    if node.HasField("user_agent_build_version"):
        number = node.user_agent_build_version.version
        version = f"{number.major_number}.{number.minor_number}.{number.patch}"
    return f"{node.user_agent_name} {version}".strip()
