"""What the node's components read, and where its network is."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.cluster.places import CONTAINERD, KEYS, STATE

NAME = "node"
ADDRESS = "10.0.99.1"
"""The node's own, on a bridge of its own: it stays when the machine's network changes."""
BRIDGE = "judgemesh0"
PODS = "10.244.0.0/16"
NODE_PODS = "10.244.0.0/24"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
API_SERVER = f"https://{ADDRESS}:6443"

PLUGINS = STATE / "cni" / "bin"
NETWORKS = STATE / "cni" / "networks"
CONTAINERD_FILE = STATE / "containerd.toml"
KUBELET_FILE = STATE / "kubelet.json"
PAUSE_IMAGE = "localhost/pause:1"
DNS_IMAGE = "localhost/coredns:1"

_KUBELET: dict[str, Any] = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "containerRuntimeEndpoint": f"unix://{CONTAINERD}",
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,  # virtual machines still come with it
    "failSwapOn": False,
    "clusterDomain": "cluster.local",
    "clusterDNS": [DNS_SERVICE],
    "resolvConf": "/etc/resolv.conf",
    "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": str(KEYS / "ca.crt")}},
    "authorization": {"mode": "AlwaysAllow"},
    "tlsCertFile": str(KEYS / "kubelet.crt"),
    "tlsPrivateKeyFile": str(KEYS / "kubelet.key"),
    # Images are loaded by hand: what was collected as garbage would not come back.
    "imageGCHighThresholdPercent": 100,
    # Nor would what is there be used, if the same image was once pulled from a registry by another name (skaffold's).
    "imagePullCredentialsVerificationPolicy": "NeverVerify",
    "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
    "localStorageCapacityIsolation": True,
    # A pod that forks without end must not take the machine with it.
    "podPidsLimit": 256,
}

_NETWORK: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "judgemesh-pods",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": NODE_PODS}]], "routes": [{"dst": "0.0.0.0/0"}]},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

_CONTAINERD = f"""version = 3
root = "{STATE}/containerd/root"
state = "{STATE}/containerd/state"

[grpc]
address = "{CONTAINERD}"

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{PAUSE_IMAGE}"

[plugins."io.containerd.cri.v1.runtime"]
# Without CAP_SYS_RESOURCE nobody may lower a score.
restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{PLUGINS}"]
conf_dir = "{NETWORKS}"
"""


def write() -> None:
    for folder in (PLUGINS, NETWORKS, STATE / "containerd", STATE / "kubelet"):
        folder.mkdir(parents=True, exist_ok=True)
    for plugin in ("bridge", "loopback", "host-local", "portmap"):
        shutil.copy(programs.path(plugin), PLUGINS / plugin)
    (NETWORKS / "10-pods.conflist").write_text(json.dumps(_NETWORK))
    CONTAINERD_FILE.write_text(_CONTAINERD)
    KUBELET_FILE.write_text(json.dumps(_KUBELET))


def volumes(count: int, folder: Path) -> str:
    """Volumes that claims without a class are bound to, for there is no provisioner; each a folder of this machine."""
    documents: list[dict[str, Any]] = [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "local",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "kubernetes.io/no-provisioner",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    ]
    for number in range(count):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
        documents.append(_volume(number, folder))
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})


def _volume(number: int, folder: Path) -> dict[str, Any]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"local-{number}"},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "local",
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(folder / str(number))},  # unlike hostPath, it honours fsGroup
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
