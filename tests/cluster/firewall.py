"""NetworkPolicies as rules of iptables.

The node's network plugin stores no policy, and enforces none. Pods talk over a bridge whose packets pass FORWARD
(net.bridge.bridge-nf-call-iptables), after a Service's address became a pod's. What a pod sends to the node itself
passes INPUT. What the node sends passes neither: it reaches its pods always, as Kubernetes wants it for probes.

The rules are in `mangle`, whose FORWARD and INPUT come before those of `filter`, whoever writes there and when.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from itertools import product

from tests.cluster.policies import Block, NamedPort, Peers, Pod, Policy, Ports, Rule, State

TABLE = "mangle"
HOOKS = ("FORWARD", "INPUT")
CHAIN = "JUDGEMESH-POLICIES"

_EVERYWHERE = IPv4Network("0.0.0.0/0")
_COMMENT = 255
"""Bytes that a rule's comment may have."""


@dataclass(frozen=True)
class Direction:
    """How a packet's ends are called in it."""

    chain: str
    own: str
    """The option for the end that a policy selects."""
    other: str
    rules: Callable[[Policy], tuple[Rule, ...] | None]


EGRESS = Direction("JUDGEMESH-EGRESS", "-s", "-d", lambda policy: policy.egress)
INGRESS = Direction("JUDGEMESH-INGRESS", "-d", "-s", lambda policy: policy.ingress)
_CHAINS = (CHAIN, EGRESS.chain, INGRESS.chain)


def rules(state: State) -> str:
    """For `iptables-restore --noflush`: our chains, made or made anew. What RETURNs is let through.

    Connections that are there already stay. Pods that no policy selects match nothing.
    """
    return _restorable(
        f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {CHAIN} -j {EGRESS.chain}",
        f"-A {CHAIN} -j {INGRESS.chain}",
        *_directed(EGRESS, state),
        *_directed(INGRESS, state),
    )


def removal() -> str:
    """For `iptables-restore --noflush`, once the hooks are gone: our chains no longer are."""
    return _restorable(*(f"-X {chain}" for chain in _CHAINS))


def _restorable(*lines: str) -> str:
    return "\n".join([f"*{TABLE}", *(f":{chain} - [0:0]" for chain in _CHAINS), *lines, "COMMIT", ""])


def _directed(direction: Direction, state: State) -> Iterator[str]:
    """What any policy allows, and then nothing else for pods that one selects."""
    isolated: dict[str, None] = {}
    for policy in state.policies:
        if (allowed := direction.rules(policy)) is None:
            continue
        subjects = [pod for pod in state.pods if _selects(policy, pod)]
        isolated |= dict.fromkeys(pod.address for pod in subjects)
        for rule in allowed:
            networks = list(_networks(rule, policy, state))
            for pod in subjects:
                yield from _allowing(direction, pod, policy, _flows(direction, pod, networks, rule, state))
    for address in isolated:
        yield f"-A {direction.chain} -s {address} -d {address} -j RETURN"
        yield f"-A {direction.chain} {direction.own} {address} -j DROP"


def _selects(policy: Policy, pod: Pod) -> bool:
    return policy.namespace == pod.namespace and policy.pods.selects(pod.labels)


def _networks(rule: Rule, policy: Policy, state: State) -> Iterator[IPv4Network]:
    """Where the rule's peers are."""
    if not rule.peers:
        yield _EVERYWHERE
    for peers in rule.peers:
        if isinstance(peers, Block):
            yield from _without(peers)
        else:
            yield from (IPv4Network(pod.address) for pod in state.pods if _is_peer(pod, peers, policy, state))


def _without(block: Block) -> Iterable[IPv4Network]:
    """A block as networks that have no exceptions; there are none for IPv6, which pods of this node don't have."""
    whole = ip_network(block.cidr)
    networks = [whole] if isinstance(whole, IPv4Network) else []
    for exception in map(IPv4Network, block.exceptions if networks else ()):
        networks = [part for network in networks for part in _minus(network, exception)]
    return sorted(networks)


def _minus(network: IPv4Network, exception: IPv4Network) -> Iterable[IPv4Network]:
    if network.subnet_of(exception):
        return ()
    return network.address_exclude(exception) if exception.subnet_of(network) else (network,)


def _is_peer(pod: Pod, peers: Peers, policy: Policy, state: State) -> bool:
    if peers.namespaces is None:
        there = pod.namespace == policy.namespace
    else:
        there = peers.namespaces.selects(state.namespaces.get(pod.namespace, {}))
    return there and (peers.pods is None or peers.pods.selects(pod.labels))


def _flows(
    direction: Direction, pod: Pod, networks: Iterable[IPv4Network], rule: Rule, state: State
) -> Iterator[tuple[IPv4Network, Ports | None]]:
    """The other ends and the ports, with numbers for names."""
    for network, port in product(networks, rule.ports or (None,)):
        if not isinstance(port, NamedPort):
            yield network, port
        elif direction is EGRESS:
            called = (peer for peer in state.pods if port in peer.ports and network.overlaps(IPv4Network(peer.address)))
            yield from ((IPv4Network(peer.address), _numbered(port, peer)) for peer in called)
        elif port in pod.ports:
            yield network, _numbered(port, pod)


def _numbered(port: NamedPort, pod: Pod) -> Ports:
    return Ports(port.protocol, pod.ports[port], pod.ports[port])


def _allowing(
    direction: Direction, pod: Pod, policy: Policy, flows: Iterable[tuple[IPv4Network, Ports | None]]
) -> Iterator[str]:
    comment = f"{policy.namespace}/{policy.name}"[:_COMMENT]
    for network, ports in flows:
        ends = f"{direction.own} {pod.address} {direction.other} {network}"
        yield f"-A {direction.chain} {ends}{_matching(ports)} -m comment --comment {comment} -j RETURN"


def _matching(ports: Ports | None) -> str:
    if ports is None:
        return ""
    numbers = f"{ports.first}" if ports.first == ports.last else f"{ports.first}:{ports.last}"
    return f" -p {ports.protocol.lower()} --dport {numbers}"
