"""One node of Kubernetes as processes of this machine, for where no container engine runs."""

import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster import archives, authority, configuration, iptables, programs
from tests.cluster.configuration import ADDRESS, API_SERVER, API_SERVICE, BRIDGE, NAME
from tests.cluster.places import CONTAINERD, HERE, KEYS, KUBECONFIG, LOGS, PROGRAMS, STATE

ETCD = "http://127.0.0.1:23790"
_TOOLS = {"kubectl": "kubectl", "iptables": "iptables", "conntrack": "conntrack", "ip": "iproute2"}
"""Programs that the node calls, and the Debian package of each."""
_SERVICE_NAMES = tuple(f"kubernetes{rest}" for rest in ("", ".default", ".default.svc", ".default.svc.cluster.local"))
_IDENTITIES = (
    authority.Identity("apiserver", "kube-apiserver", hosts=(*_SERVICE_NAMES, "127.0.0.1", ADDRESS, API_SERVICE)),
    authority.Identity("kubelet", f"system:node:{NAME}", "system:nodes", hosts=(NAME, ADDRESS)),
    authority.Identity("controllers", "system:kube-controller-manager"),
    authority.Identity("scheduler", "system:kube-scheduler"),
    authority.Identity("proxy", "system:kube-proxy"),
    authority.Identity("admin", "admin", "system:masters"),
)
_STOP_ORDER = ("policies", "kubelet", "proxy", "scheduler", "controllers", "apiserver", "etcd", "containerd")
_MODULES = "tests.cluster."
"""Components that are no programs but modules of ours begin so."""
_BRIDGED = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
_WORKLOADS = "deployments,statefulsets,daemonsets,cronjobs,jobs,replicasets,pods"
_VOLUMES = 12


class Unavailable(Exception):
    """The node can't be had here; the message says why, and what would help."""


def obstacle() -> str:
    """What keeps this machine from running the node; empty where nothing does."""
    if platform.system() != "Linux":
        return "it needs Linux"
    if os.geteuid() != 0:
        return "it needs root: it makes namespaces, mounts and firewall rules"
    for tool, package in _TOOLS.items():
        if not shutil.which(tool):
            return f"{tool} is missing: apt-get install {package}"
    if not all(map(programs.is_built, programs.NODE)) and not shutil.which("go"):
        return "its programs are not built yet, and there is no Go to build them"
    return ""


def runs() -> bool:
    return KUBECONFIG.exists() and _succeeds(*_kubectl("get", "--raw", "/readyz"))


def up() -> None:
    """Start what does not run yet. Raises Unavailable where a component does not come up."""
    if reason := obstacle():
        raise Unavailable(reason)
    for name in programs.NODE:
        programs.path(name)
    LOGS.mkdir(parents=True, exist_ok=True)
    if not KUBECONFIG.exists():
        authority.Authority(KEYS).write(_IDENTITIES, API_SERVER)
    configuration.write()
    _make_bridge()
    _start_control_plane()
    _start_workers()
    _furnish()


def _start_control_plane() -> None:
    _start(
        "etcd", "etcd", f"--data-dir={STATE}/etcd", "--unsafe-no-fsync", f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}", "--listen-peer-urls=http://127.0.0.1:23800",
    )  # fmt: skip
    _start(
        "apiserver", "kube", "apiserver", f"--etcd-servers={ETCD}", f"--advertise-address={ADDRESS}",
        "--authorization-mode=Node,RBAC", "--allow-privileged", f"--client-ca-file={KEYS}/ca.crt",
        f"--tls-cert-file={KEYS}/apiserver.crt", f"--tls-private-key-file={KEYS}/apiserver.key",
        f"--kubelet-client-certificate={KEYS}/admin.crt", f"--kubelet-client-key={KEYS}/admin.key",
        "--kubelet-preferred-address-types=InternalIP", f"--service-cluster-ip-range={configuration.SERVICES}",
        f"--service-account-key-file={KEYS}/accounts.pub", f"--service-account-signing-key-file={KEYS}/accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    )  # fmt: skip
    _await("the API server", runs)
    _start(
        "controllers", "kube", "controllers", f"--kubeconfig={KEYS}/controllers.kubeconfig", "--leader-elect=false",
        "--bind-address=127.0.0.1", "--use-service-account-credentials", f"--root-ca-file={KEYS}/ca.crt",
        f"--service-account-private-key-file={KEYS}/accounts.key", f"--cluster-signing-cert-file={KEYS}/ca.crt",
        f"--cluster-signing-key-file={KEYS}/ca.key", "--allocate-node-cidrs", f"--cluster-cidr={configuration.PODS}",
    )  # fmt: skip
    _start(
        "scheduler", "kube", "scheduler", f"--kubeconfig={KEYS}/scheduler.kubeconfig", "--leader-elect=false",
        "--bind-address=127.0.0.1",
    )  # fmt: skip


def _start_workers() -> None:
    _start("containerd", "containerd", f"--config={configuration.CONTAINERD_FILE}")
    _await("containerd", lambda: _succeeds(*_ctr("version")))
    with tempfile.TemporaryDirectory() as folder:
        for image, program in ((configuration.PAUSE_IMAGE, "pause"), (configuration.DNS_IMAGE, "coredns")):
            archive = Path(folder) / f"{program}.tar"
            archives.of_programs(archive, image, [programs.path(program)])
            load([archive])
    _start(
        "kubelet", "kube", "kubelet", f"--config={configuration.KUBELET_FILE}", f"--root-dir={STATE}/kubelet",
        f"--kubeconfig={KEYS}/kubelet.kubeconfig", f"--hostname-override={NAME}", f"--node-ip={ADDRESS}",
    )  # fmt: skip
    _start(
        "proxy", "kube", "proxy", f"--kubeconfig={KEYS}/proxy.kubeconfig", f"--hostname-override={NAME}",
        f"--cluster-cidr={configuration.PODS}", "--proxy-mode=iptables", "--conntrack-max-per-core=0",
        "--metrics-bind-address=127.0.0.1:10249",
    )  # fmt: skip
    _start("policies", sys.executable, "-m", f"{_MODULES}enforcement")


def _furnish() -> None:
    """DNS and volumes."""
    ready = ("wait", "--timeout=1s", f"node/{NAME}", "--for=condition=Ready")
    _await("the node", lambda: _succeeds(*_kubectl(*ready)))
    _apply((HERE / "manifests" / "dns.yaml").read_text())
    _apply(configuration.volumes(_VOLUMES, STATE / "volumes"))
    available = ("wait", "--timeout=1s", "-n", "kube-system", "deployment/coredns", "--for=condition=Available")
    _await("DNS", lambda: _succeeds(*_kubectl(*available)))


def load(files: Sequence[Path]) -> None:
    """Make images of archives known to the node."""
    for file in files:
        subprocess.run(_ctr("--namespace", "k8s.io", "images", "import", str(file)), check=True, capture_output=True)


def tag(references: Sequence[str], old: str, new: str) -> None:
    """Make images known by another tag as well."""
    for reference in references:
        names = (reference, f"{reference.removesuffix(f':{old}')}:{new}")
        subprocess.run(
            _ctr("--namespace", "k8s.io", "images", "tag", "--force", *names), check=True, capture_output=True
        )


def down(*, wipe: bool) -> None:
    """Stop the node; with `wipe`, forget its state too. Does nothing where it does not run."""
    if runs():
        delete = ("delete", _WORKLOADS, "--all", "--all-namespaces", "--grace-period=1", "--timeout=60s")
        subprocess.run(_kubectl(*delete), capture_output=True, check=False)
    for name in _STOP_ORDER:
        if process := _alive(name):
            os.kill(process, signal.SIGTERM)
            _await(f"the end of {name}", lambda name=name: _alive(name) is None, seconds=30)
    if LOGS.exists():
        iptables.remove()
    if wipe:
        _unmount()
        shutil.rmtree(STATE, ignore_errors=True)


def _unmount() -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if mount.startswith(f"{STATE}/")]):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)


def _make_bridge() -> None:
    if not _succeeds("ip", "link", "show", BRIDGE):
        subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", BRIDGE], check=True)
    subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    _filter_bridged_packets()


def _filter_bridged_packets() -> None:
    """Packets between pods pass the rules of iptables too."""
    if not _BRIDGED.exists() and shutil.which("modprobe"):
        subprocess.run(["modprobe", "br_netfilter"], capture_output=True, check=False)
    if not _BRIDGED.exists():
        raise Unavailable("the kernel's module br_netfilter is missing")
    _BRIDGED.write_text("1")


def _start(name: str, program: str, *arguments: str) -> None:
    """`program` is one of the node's own, or a path."""
    if _alive(name):
        return
    environment = os.environ | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(PROGRAMS / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=HERE.parents[1],
            start_new_session=True,
        )
    _pid_file(name).write_text(str(process.pid))


def _alive(name: str) -> int | None:
    """The process of a component; None where it has ended, or where its number is now somebody else's."""
    try:
        process = int(_pid_file(name).read_text())
        command = Path(f"/proc/{process}/cmdline").read_text()
    except (OSError, ValueError):
        return None
    ours = command.startswith(f"{PROGRAMS}/") or f"\0-m\0{_MODULES}" in command
    return process if ours else None


def _pid_file(name: str) -> Path:
    return STATE / f"{name}.pid"


def _await(what: str, ready: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} did not come within {seconds:.0f} s: see {LOGS}")
        time.sleep(0.25)


def _apply(manifest: str) -> None:
    subprocess.run(_kubectl("apply", "-f", "-"), input=manifest, text=True, check=True, capture_output=True)


def _kubectl(*arguments: str) -> list[str]:
    return ["kubectl", f"--kubeconfig={KUBECONFIG}", *arguments]


def _ctr(*arguments: str) -> list[str]:
    return [str(PROGRAMS / "ctr"), "--address", str(CONTAINERD), *arguments]


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
