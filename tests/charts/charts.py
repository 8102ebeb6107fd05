"""The charts, rendered by Helm."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parents[2] / "charts"
PLATFORM, OPERATOR = CHARTS / "judgemesh", CHARTS / "judgemesh-operator"
NEWEST, OLDEST = "1.37.0", "1.32.0"
POD_CERTIFICATES = ("certificates.k8s.io/v1/PodCertificateRequest", "certificates.k8s.io/v1/ClusterTrustBundle")
"""What a new cluster has, for `--api-versions`."""


def render(helm: Path, chart: Path, *options: str, version: str = NEWEST) -> subprocess.CompletedProcess[str]:
    command = [helm, "template", "judgemesh", chart, "--namespace=judgemesh", f"--kube-version={version}", *options]
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def rendered(helm: Path, chart: Path, *options: str, version: str = NEWEST) -> str:
    """The manifests, with the secrets that differ each time taken out."""
    done = render(helm, chart, *options, version=version)
    assert done.returncode == 0, done.stderr
    return _without_random(done.stdout)


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


def pods(objects: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pod specs of workloads, by kind and name."""
    found = {}
    for each in objects:
        name = f"{each['kind']}/{each['metadata']['name']}"
        if each["kind"] == "Pod":
            found[name] = each["spec"]
        elif isinstance(template := (each.get("spec") or {}).get("template"), dict) and "spec" in template:
            found[name] = template["spec"]
    return found


def _without_random(text: str) -> str:
    """Passwords are 20 characters or more of letters and digits, alone in quotes or in a URL."""
    text = re.sub(r'^(  (?:password|secret): )"[A-Za-z0-9]{20,}"$', r'\1"<random>"', text, flags=re.MULTILINE)
    return re.sub(r"(://judgemesh[a-z_]*:)[A-Za-z0-9]{32}@", r"\1<random>@", text)
