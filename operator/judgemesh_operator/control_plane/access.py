"""Who may be told what: a proxy proves who it is by its certificate, and hears of nothing but its own."""

from collections.abc import Callable, Collection, Mapping, Sequence

from judgemesh_operator.api.resources import Resources
from judgemesh_operator.xds.identities import gateway_identity, service_identity
from judgemesh_operator.xds.nodes import Node
from judgemesh_operator.xds.proxies import ProxyKind

Authorize = Callable[[str, Node, Resources], None]
"""Takes the SPIFFE id of the peer's certificate (empty without), its node and the resources. Raises NotAllowed."""


Inspect = Callable[[str], None]
"""Takes the SPIFFE id of who asks for the mesh's status. Raises NotAllowed."""


class NotAllowed(Exception):
    """The peer is not who it says it is, or may not ask."""


def trust_everybody(identity: str, node: Node, resources: Resources) -> None:
    """For a loopback address on a machine of one's own: whoever reaches it may be told."""


def by_certificate(trust_domain: str) -> Authorize:
    """A sidecar is its service's service account, a gateway its own; a proxy for all services is nobody's."""

    def authorize(identity: str, node: Node, resources: Resources) -> None:
        expected = _expected(node, resources, trust_domain)
        if identity != expected:
            who = identity or "a peer without a SPIFFE id"
            raise NotAllowed(f"{who} is not {node.proxy.kind} {node.proxy.name}")

    return authorize


def anybody_inspects(identity: str) -> None:
    """As `trust_everybody`."""


def inspected_by(identities: Collection[str]) -> Inspect:
    def inspect(identity: str) -> None:
        if identity not in identities:
            raise NotAllowed(f"{identity or 'a peer without a SPIFFE id'} may not ask for the mesh's status")

    return inspect


def _expected(node: Node, resources: Resources, trust_domain: str) -> str | None:
    name = node.proxy.name
    match node.proxy.kind:
        case ProxyKind.GATEWAY if name in resources.gateways:
            return gateway_identity(resources.gateways[name], trust_domain).uri
        case ProxyKind.SIDECAR | ProxyKind.PROXYLESS if name in resources.services:
            return service_identity(resources.services[name], trust_domain).uri
    return None


def peer_identity(auth_context: Mapping[str, Sequence[bytes]]) -> str:
    """The SPIFFE id of gRPC's authentication context; empty where the peer has no certificate, or more than one."""
    ids = auth_context.get("peer_spiffe_id", ())
    return ids[0].decode() if len(ids) == 1 else ""
