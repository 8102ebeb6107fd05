"""The node's rules in a real packet filter: that of a network namespace, which goes with the test."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SAVED = ["iptables-save", "-t", "mangle"]


def isolates() -> bool:
    """Whether there may be another packet filter than the machine's."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("iptables-save"):
        return False
    return subprocess.run(["unshare", "--net", *SAVED], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not isolates(), reason="needs iptables, root, and network namespaces")


def ours_after(steps: str) -> list[str]:
    """What is there of ours after some steps, in a packet filter of its own."""
    script = f"""
import subprocess
from tests.cluster import firewall, iptables, policies
from tests.cluster.policies import Pod, Policy, State
closed = State(pods=(Pod("shop", "10.244.0.2"),), policies=(Policy("shop", "closed", ingress=()),))
{steps}
subprocess.run({SAVED}, check=True)
"""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if "JUDGEMESH" in line and line.startswith("-A")]


def test_rules_are_replaced() -> None:
    """Packets come by once, however often rules were written, and what is no longer wanted is gone."""
    steps = "iptables.write(firewall.rules(closed)); iptables.write(firewall.rules(State()))"
    expected = [
        "-A INPUT -j JUDGEMESH-POLICIES",
        "-A FORWARD -j JUDGEMESH-POLICIES",
        "-A JUDGEMESH-POLICIES -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A JUDGEMESH-POLICIES -j JUDGEMESH-EGRESS",
        "-A JUDGEMESH-POLICIES -j JUDGEMESH-INGRESS",
    ]

    assert expected == ours_after(steps)


def test_a_closed_pod_is_closed() -> None:
    """To all but itself."""
    rules = [rule for rule in ours_after("iptables.write(firewall.rules(closed))") if "10.244.0.2" in rule]

    assert [
        "-A JUDGEMESH-INGRESS -s 10.244.0.2/32 -d 10.244.0.2/32 -j RETURN",
        "-A JUDGEMESH-INGRESS -d 10.244.0.2/32 -j DROP",
    ] == rules


def test_nothing_is_left() -> None:
    """Where there were rules, and where there were none."""
    assert [] == ours_after("iptables.write(firewall.rules(closed)); iptables.remove(); iptables.remove()")
