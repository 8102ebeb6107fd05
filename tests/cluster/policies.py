"""NetworkPolicies, and what they select: records of what the API server tells (networking.k8s.io/v1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Requirement:
    """Of a label."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Labels) -> bool:
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
        raise ValueError(f"there is no operator {self.operator}")


@dataclass(frozen=True)
class Selector:
    """All of its requirements hold; an empty one selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def selects(self, labels: Labels) -> bool:
        return all(requirement.holds(labels) for requirement in self.requirements)


@dataclass(frozen=True)
class Ports:
    """Of a protocol, first and last included."""

    protocol: str
    first: int = 0
    last: int = 65535


@dataclass(frozen=True)
class NamedPort:
    """Which number it has, the pod that is called says."""

    protocol: str
    name: str


@dataclass(frozen=True)
class Block:
    """Addresses, of pods or not."""

    cidr: str
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peers:
    """Pods of the policy's own namespace where none are selected, all pods of namespaces where no pods are."""

    pods: Selector | None = None
    namespaces: Selector | None = None


@dataclass(frozen=True)
class Rule:
    """What is let through: any of the peers, by any of the ports. None of them said means every one."""

    peers: tuple[Peers | Block, ...] = ()
    ports: tuple[Ports | NamedPort, ...] = ()


@dataclass(frozen=True)
class Policy:
    """A direction without rules lets nothing through; one that is None the policy says nothing about."""

    namespace: str
    name: str
    pods: Selector = Selector()
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None


@dataclass(frozen=True)
class Pod:
    """A pod that has an address of its own."""

    namespace: str
    address: str
    labels: Labels = field(default_factory=dict)
    ports: Mapping[NamedPort, int] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """All that decides who may talk to whom."""

    pods: tuple[Pod, ...] = ()
    policies: tuple[Policy, ...] = ()
    namespaces: Mapping[str, Labels] = field(default_factory=dict)
    """Their labels, by name."""


def state(pods: tuple[Json, ...], policies: tuple[Json, ...], namespaces: tuple[Json, ...]) -> State:
    """In an order of its own. Pods that have ended are left out, for others get their addresses."""
    known = (_pod(body) for body in pods if _has_address(body))
    return State(
        tuple(sorted(known, key=lambda pod: (pod.namespace, pod.address))),
        tuple(sorted(map(_policy, policies), key=lambda policy: (policy.namespace, policy.name))),
        {body["metadata"]["name"]: body["metadata"].get("labels", {}) for body in namespaces},
    )


def _has_address(body: Json) -> bool:
    """The node's own is not the pod's, and no policy is for it."""
    status = body.get("status", {})
    ended = status.get("phase") in {"Succeeded", "Failed"}
    return "." in status.get("podIP", "") and not ended and not body["spec"].get("hostNetwork")


def _pod(body: Json) -> Pod:
    sidecars = [each for each in body["spec"].get("initContainers", []) if each.get("restartPolicy") == "Always"]
    ports = [port for container in (*body["spec"]["containers"], *sidecars) for port in container.get("ports", [])]
    named = {
        NamedPort(port.get("protocol", "TCP"), port["name"]): port["containerPort"] for port in ports if "name" in port
    }
    metadata = body["metadata"]
    return Pod(metadata["namespace"], body["status"]["podIP"], metadata.get("labels", {}), named)


def _policy(body: Json) -> Policy:
    metadata, spec = body["metadata"], body["spec"]
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return Policy(
        metadata["namespace"],
        metadata["name"],
        _selector(spec.get("podSelector") or {}),
        tuple(_rule(rule, "from") for rule in spec.get("ingress") or ()) if "Ingress" in types else None,
        tuple(_rule(rule, "to") for rule in spec.get("egress") or ()) if "Egress" in types else None,
    )


def _rule(rule: Json, peers: str) -> Rule:
    return Rule(tuple(map(_peers, rule.get(peers) or ())), tuple(map(_ports, rule.get("ports") or ())))


def _peers(peer: Json) -> Peers | Block:
    if block := peer.get("ipBlock"):
        return Block(block["cidr"], tuple(block.get("except") or ()))
    pods, namespaces = peer.get("podSelector"), peer.get("namespaceSelector")
    return Peers(*(None if selector is None else _selector(selector) for selector in (pods, namespaces)))


def _ports(port: Json) -> Ports | NamedPort:
    protocol, which = port.get("protocol", "TCP"), port.get("port")
    if which is None:
        return Ports(protocol)
    if isinstance(which, str):
        return NamedPort(protocol, which)
    return Ports(protocol, which, port.get("endPort") or which)


def _selector(selector: Json) -> Selector:
    labels = (Requirement(key, "In", frozenset([value])) for key, value in selector.get("matchLabels", {}).items())
    expressions = (
        Requirement(each["key"], each["operator"], frozenset(each.get("values") or ()))
        for each in selector.get("matchExpressions", ())
    )
    return Selector((*labels, *expressions))
