"""kubectl and helm, for the namespace of the tests."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMESPACE = "judgemesh"
VISITOR = {"app.kubernetes.io/name": "visitor"}


@dataclass(frozen=True)
class Cluster:
    """A cluster with both charts."""

    kubeconfig: Path
    helm: Path
    namespace: str = NAMESPACE

    def text(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl says."""
        command = ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}"
        return (done.stdout if done.returncode == 0 else done.stdout + done.stderr).strip()

    def objects(self, kind: str, *options: str) -> list[dict[str, Any]]:
        return list(json.loads(self.text("get", kind, "-o", "json", *options))["items"])

    def object(self, kind: str, name: str) -> dict[str, Any]:
        return dict(json.loads(self.text("get", kind, name, "-o", "json")))

    def replace(self, manifest: dict[str, Any]) -> None:
        """Fails where somebody wrote it meanwhile."""
        self.text("replace", "-f", "-", stdin=json.dumps(manifest))

    def apply(self, manifest: dict[str, Any]) -> None:
        self.text("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(manifest))

    def apply_namespace(self) -> None:
        metadata = {"name": self.namespace, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self.apply(manifest)

    def install(self, chart: Path, release: str, *values: str) -> str:
        sets = [word for value in values for word in ("--set", value)]
        options = ["--take-ownership", "--force-conflicts", "--timeout=5m", *sets]
        return self.run_helm("upgrade", "--install", release, str(chart), *options)

    def run_helm(self, *arguments: str) -> str:
        command = [str(self.helm), f"--kubeconfig={self.kubeconfig}", f"--namespace={self.namespace}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait_until_ready(self) -> None:
        for deployment in self.text("get", "deployments", "-o", "name").split():
            self.text("rollout", "status", deployment, "--timeout=300s")
        self.text("wait", "judgepools", "--all", "--for=jsonpath={.status.state}=Ready", "--timeout=300s")

    def run(self, name: str, account: str, script: str, *, certified: bool = False) -> str:
        """A visitor: a pod without sidecar that runs a Python script, and what it printed.

        `certified` gives it its certificate. It is not of the platform: see `open_to_visitors`.
        """
        self.text("delete", "pod", name, "--ignore-not-found", "--grace-period=0", "--force")
        self.text("apply", "-f", "-", stdin=json.dumps(_pod(name, account, script, certified=certified)))
        self.text("wait", f"pod/{name}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s")
        return self.text("logs", name)

    @contextmanager
    def open_to_visitors(self) -> Iterator[None]:
        """Meanwhile no NetworkPolicy keeps visitors, of any namespace, from any pod."""
        everywhere = {"namespaceSelector": {}, "podSelector": {"matchLabels": VISITOR}}
        spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [everywhere]}]}
        metadata = {"name": "visitors"}
        self.apply({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
        try:
            yield
        finally:
            self.text("delete", "networkpolicy", "visitors")


_SIGNER = "judgemesh.dev/mesh"
_IDENTITY = [
    {"podCertificate": {"signerName": _SIGNER, "keyType": "ECDSAP256", "credentialBundlePath": "bundle.pem"}},
    {"clusterTrustBundle": {"signerName": _SIGNER, "labelSelector": {}, "path": "roots.pem"}},
]


def _pod(name: str, account: str, script: str, *, certified: bool) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "script",
        "image": "docker.io/judgemesh/cli:dev",
        "imagePullPolicy": "IfNotPresent",
        "command": ["/opt/judgemesh/bin/python", "-c", script],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    security = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    mount = {"name": "identity", "mountPath": "/var/run/judgemesh/identity"}
    spec: dict[str, Any] = {"restartPolicy": "Never", "serviceAccountName": account, "securityContext": security}
    if certified:
        container["volumeMounts"] = [mount]
        spec["volumes"] = [{"name": "identity", "projected": {"sources": _IDENTITY}}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": VISITOR},
        "spec": {**spec, "containers": [container]},
    }
