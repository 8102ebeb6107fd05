"""The packet filter of this machine, as far as it is ours."""

import subprocess

from tests.cluster import firewall


def write(rules: str) -> None:
    """Replace our chains, all at once, and have packets come by. Raises CalledProcessError."""
    _restore(rules)
    for hook in firewall.HOOKS:
        if not _iptables("-C", hook):
            _iptables("-I", hook, check=True)


def remove() -> None:
    """Forget our chains, whether they are there or not. Raises CalledProcessError."""
    for hook in firewall.HOOKS:
        while _iptables("-D", hook):
            pass
    _restore(firewall.removal())


def _iptables(action: str, hook: str, *, check: bool = False) -> bool:
    command = ["iptables", "--wait", "-t", firewall.TABLE, action, hook, "-j", firewall.CHAIN]
    return subprocess.run(command, capture_output=True, text=True, check=check).returncode == 0


def _restore(text: str) -> None:
    command = ["iptables-restore", "--noflush", "--wait"]
    subprocess.run(command, input=text, capture_output=True, text=True, check=True)
