"""NetworkPolicies become rules of iptables: which connections are let through, and of which pods nothing else is."""

import os
import shutil
import subprocess
from typing import Any

import pytest

from tests.cluster import firewall, policies

NAMESPACES = ({"metadata": {"name": "shop", "labels": {"team": "sales"}}}, {"metadata": {"name": "ops"}})


def pod(namespace: str, name: str, address: str, **more: Any) -> dict[str, Any]:
    ports = [{"name": "sql", "containerPort": 5432}] if name == "db" else [{"containerPort": 80}]
    return {
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": name}},
        "spec": {"containers": [{"ports": ports}], **more},
        "status": {"podIP": address, "phase": "Running"},
    }


WEB, DB, PROBE = "10.244.0.2", "10.244.0.3", "10.244.0.4"
PODS = (pod("shop", "web", WEB), pod("shop", "db", DB), pod("ops", "probe", PROBE))


def policy(spec: dict[str, Any], name: str = "p") -> dict[str, Any]:
    return {"metadata": {"namespace": "shop", "name": name}, "spec": spec}


def select(app: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": app}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def to_web(*peers: dict[str, Any], ports: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {**select("web"), "ingress": [{"from": list(peers), "ports": list(ports)}]}


def from_web(*peers: dict[str, Any], ports: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {**select("web"), "policyTypes": ["Egress"], "egress": [{"to": list(peers), "ports": list(ports)}]}


DROPPED_IN = [f"IN -s {WEB} -d {WEB} RETURN", f"IN -d {WEB} DROP"]
DROPPED_OUT = [f"OUT -s {WEB} -d {WEB} RETURN", f"OUT -s {WEB} DROP"]

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no rules: nothing comes in": (select("web"), DROPPED_IN),
    "no rules for both: nothing comes in or goes out": (
        {**select("web"), "policyTypes": ["Ingress", "Egress"]},
        [*DROPPED_OUT, *DROPPED_IN],
    ),
    "an empty selector is every pod of the policy's namespace": (
        {"podSelector": {}},
        [
            f"IN -s {WEB} -d {WEB} RETURN",
            f"IN -d {WEB} DROP",
            f"IN -s {DB} -d {DB} RETURN",
            f"IN -d {DB} DROP",
        ],
    ),
    "a selector without pods: no rules": (select("probe"), []),
    "a rule without peers and ports: everything": (to_web(), [f"IN -d {WEB} -s 0.0.0.0/0 RETURN", *DROPPED_IN]),
    "egress rules without types: both directions": (
        {**select("web"), "egress": [{}]},
        [f"OUT -s {WEB} -d 0.0.0.0/0 RETURN", *DROPPED_OUT, *DROPPED_IN],
    ),
    "egress rules, but ingress alone among the types": (
        {**select("web"), "egress": [{}], "policyTypes": ["Ingress"]},
        DROPPED_IN,
    ),
    "pods alone are those of the policy's namespace": (
        to_web({"podSelector": {}}),
        [f"IN -d {WEB} -s {WEB}/32 RETURN", f"IN -d {WEB} -s {DB}/32 RETURN", *DROPPED_IN],
    ),
    "namespaces alone are all of their pods": (
        to_web({"namespaceSelector": expression("team", "NotIn", "sales")}),
        [f"IN -d {WEB} -s {PROBE}/32 RETURN", *DROPPED_IN],
    ),
    "namespaces and pods: both hold": (
        to_web({"namespaceSelector": {"matchLabels": {"team": "sales"}}, **select("db")}),
        [f"IN -d {WEB} -s {DB}/32 RETURN", *DROPPED_IN],
    ),
    "namespaces, or pods, as two peers": (
        to_web({"namespaceSelector": expression("team", "DoesNotExist")}, select("db")),
        [f"IN -d {WEB} -s {PROBE}/32 RETURN", f"IN -d {WEB} -s {DB}/32 RETURN", *DROPPED_IN],
    ),
    "expressions: in, and there": (
        to_web({"podSelector": expression("app", "In", "db", "other")}, {"podSelector": expression("app", "Exists")}),
        [
            f"IN -d {WEB} -s {DB}/32 RETURN",
            f"IN -d {WEB} -s {WEB}/32 RETURN",
            f"IN -d {WEB} -s {DB}/32 RETURN",
            *DROPPED_IN,
        ],
    ),
    "a block without its exceptions": (
        to_web({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/26", "192.0.2.128/25"]}}),
        [f"IN -d {WEB} -s 192.0.2.64/26 RETURN", *DROPPED_IN],
    ),
    "a block that is its own exception": (
        to_web({"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.0/24"]}}),
        DROPPED_IN,
    ),
    "a block of IPv6, which nobody here has": (to_web({"ipBlock": {"cidr": "2001:db8::/32"}}), DROPPED_IN),
    "ports: a number, a range, every one of a protocol": (
        to_web(ports=({"port": 80}, {"protocol": "UDP", "port": 5000, "endPort": 5009}, {"protocol": "SCTP"})),
        [
            f"IN -d {WEB} -s 0.0.0.0/0 -p tcp --dport 80 RETURN",
            f"IN -d {WEB} -s 0.0.0.0/0 -p udp --dport 5000:5009 RETURN",
            f"IN -d {WEB} -s 0.0.0.0/0 -p sctp --dport 0:65535 RETURN",
            *DROPPED_IN,
        ],
    ),
    "a port that the pod does not name lets nothing in": (to_web(ports=({"port": "sql"},)), DROPPED_IN),
    "a port's name is looked up at the pod that is called": (
        from_web(ports=({"port": "sql"},)),
        [f"OUT -s {WEB} -d {DB}/32 -p tcp --dport 5432 RETURN", *DROPPED_OUT],
    ),
    "a port's name for a block: at the pods that are in it": (
        from_web({"ipBlock": {"cidr": "10.244.0.0/31"}}, ports=({"port": "sql"},)),
        DROPPED_OUT,
    ),
    "egress to pods": (
        from_web(select("db"), ports=({"port": 5432},)),
        [f"OUT -s {WEB} -d {DB}/32 -p tcp --dport 5432 RETURN", *DROPPED_OUT],
    ),
}


def rules(*found: dict[str, Any], pods: tuple[dict[str, Any], ...] = PODS) -> str:
    return firewall.rules(policies.state(pods, found, NAMESPACES))


def short(text: str) -> list[str]:
    """The rules of both directions, without what is the same in each."""
    words = {"-A JUDGEMESH-EGRESS": "OUT", "-A JUDGEMESH-INGRESS": "IN", " -m comment --comment shop/p": "", "-j ": ""}
    for long, brief in words.items():
        text = text.replace(long, brief)
    return [line for line in text.splitlines() if line.startswith(("OUT ", "IN "))]


@pytest.mark.parametrize(("spec", "expected"), CASES.values(), ids=CASES)
def test_a_policy_lets_through_what_it_says(spec: dict[str, Any], expected: list[str]) -> None:
    """And of the pods that it selects nothing else, in its directions."""
    assert expected == short(rules(policy(spec)))


def test_the_whole_of_it() -> None:
    """Connections that are there go on; one that begins must be let through by both of its ends."""
    expected = """\
*mangle
:JUDGEMESH-POLICIES - [0:0]
:JUDGEMESH-EGRESS - [0:0]
:JUDGEMESH-INGRESS - [0:0]
-A JUDGEMESH-POLICIES -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
-A JUDGEMESH-POLICIES -j JUDGEMESH-EGRESS
-A JUDGEMESH-POLICIES -j JUDGEMESH-INGRESS
-A JUDGEMESH-EGRESS -s 10.244.0.2 -d 10.244.0.3/32 -p tcp --dport 5432 -m comment --comment shop/web -j RETURN
-A JUDGEMESH-EGRESS -s 10.244.0.2 -d 10.244.0.2 -j RETURN
-A JUDGEMESH-EGRESS -s 10.244.0.2 -j DROP
-A JUDGEMESH-INGRESS -d 10.244.0.3 -s 0.0.0.0/0 -p tcp --dport 5432 -m comment --comment shop/db -j RETURN
-A JUDGEMESH-INGRESS -s 10.244.0.3 -d 10.244.0.3 -j RETURN
-A JUDGEMESH-INGRESS -d 10.244.0.3 -j DROP
COMMIT
"""
    web = policy(from_web(select("db"), ports=({"port": 5432},)), "web")
    db = policy({**select("db"), "ingress": [{"ports": [{"port": "sql"}]}]}, "db")

    assert expected == rules(web, db) == rules(db, web, pods=PODS[::-1])


def test_what_several_policies_allow_adds_up() -> None:
    """A pod is closed once, after the last of them."""
    expected = [f"IN -d {WEB} -s 0.0.0.0/0 -p tcp --dport 80 RETURN", *DROPPED_IN]

    assert expected == short(rules(policy(select("web"), "a"), policy(to_web(ports=({"port": 80},)))))


def test_addresses_that_are_not_the_pods_own_are_left_alone() -> None:
    """One that has ended has given its address back; one on the node's network has the node's; a new one has none."""
    ended = pod("shop", "web", WEB) | {"status": {"podIP": WEB, "phase": "Succeeded"}}
    new = pod("shop", "web", WEB) | {"status": {"phase": "Pending"}}

    assert [] == short(
        rules(policy(select("web")), pods=(ended, new, pod("shop", "web", "10.0.99.1", hostNetwork=True)))
    )


def test_ports_of_sidecars_have_names_too() -> None:
    """They are init containers that go on."""
    sidecar = {"restartPolicy": "Always", "ports": [{"name": "mesh", "containerPort": 15006}]}
    before = {"ports": [{"name": "mesh", "containerPort": 1}]}
    pods = (pod("shop", "web", WEB, initContainers=[before, sidecar]),)
    expected = [f"IN -d {WEB} -s 0.0.0.0/0 -p tcp --dport 15006 RETURN", *DROPPED_IN]

    assert expected == short(rules(policy(to_web(ports=({"port": "mesh"},))), pods=pods))


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("iptables-restore"), reason="needs iptables, and root")
def test_iptables_takes_all_of_it() -> None:
    """As it is written, and as it is removed; it is tried, nothing is changed."""
    everything = rules(*(policy(spec, f"p{number}") for number, (spec, _) in enumerate(CASES.values())))
    for text in (everything, firewall.removal()):
        command = ["iptables-restore", "--noflush", "--wait", "--test"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)

        assert (0, "") == (done.returncode, done.stderr)
