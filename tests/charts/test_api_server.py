"""A real API server takes everything that the charts render, without a warning of Pod Security."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.charts.charts import OPERATOR, rendered
from tests.charts.variants import VARIANTS, Variant


@pytest.fixture(scope="module")
def namespace(kubeconfig: Path) -> Iterator[str]:
    """A namespace where a pod that is not restricted is refused, on a cluster that knows the resources."""
    name = f"charts-{uuid4().hex[:8]}"
    crds = ["apply", "--server-side", "--force-conflicts", f"--filename={OPERATOR / 'files' / 'crds'}"]
    for arguments in (
        crds,
        ["create", "namespace", name],
        [
            "label",
            "namespace",
            name,
            *(f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")),
        ],
    ):
        kubectl(kubeconfig, *arguments, check=True)
    yield name
    kubectl(kubeconfig, "delete", "namespace", name, "--wait=false", check=True)


def kubectl(
    kubeconfig: Path, *arguments: str, check: bool = False, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=check)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_an_api_server_takes_a_variant(helm: Path, kubeconfig: Path, namespace: str, variant: Variant) -> None:
    """Each manifest is known, whole and allowed: a dry run at the server, which checks schemas, CEL and admission."""
    text = rendered(helm, variant.chart, *variant.arguments, version=variant.version)
    text = text.replace("namespace: judgemesh\n", f"namespace: {namespace}\n")
    dry_run = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        f"--namespace={namespace}",
        "--filename=-",
    ]
    done = kubectl(kubeconfig, *dry_run, stdin=text)

    assert (0, "") == (done.returncode, done.stderr)
