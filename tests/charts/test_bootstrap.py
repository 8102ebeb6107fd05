"""What the chart starts Envoys with is what the operator says, and Envoy takes it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from judgemesh_operator.identity import Identity
from judgemesh_operator.xds import PROBES_PORT, Address, Mtls, Proxy, ProxyKind, secret_files
from judgemesh_operator.xds.bootstrap import ControlPlane, bootstrap
from services.cli.local.programs import envoy
from tests.charts.charts import PLATFORM, documents, rendered

MTLS = Mtls(secrets=Path("/etc/judgemesh/envoy"))
COLLECTOR = Address("otlp.judgemesh.svc", 4317)
PROXIES = {
    "envoy-user": Proxy(
        ProxyKind.SIDECAR, "user", Address("127.0.0.1", 15001), collector=COLLECTOR, mtls=MTLS, probes_port=PROBES_PORT
    ),
    "envoy-gateway": Proxy(ProxyKind.GATEWAY, "gateway", Address("0.0.0.0", 8080), collector=COLLECTOR, mtls=MTLS),
}


def config_map(helm: Path, name: str) -> dict[str, Any]:
    objects = documents(rendered(helm, PLATFORM))
    (found,) = (each for each in objects if each["kind"] == "ConfigMap" and each["metadata"]["name"] == name)
    return {key: json.loads(text) for key, text in found["data"].items()}


@pytest.mark.parametrize("name", PROXIES)
def test_an_envoy_is_started_with_what_the_operator_expects(helm: Path, name: str) -> None:
    """The chart's bootstrap is the operator's, with a page of its health beside it."""
    address = Address("judgemesh-xds.judgemesh.svc", 15010)
    plane = ControlPlane([address], Identity("cluster.local", "judgemesh", "judgemesh-xds"))
    expected = bootstrap(PROXIES[name], admin=Address("127.0.0.1", 9901), control_plane=plane)
    actual = config_map(helm, name)["bootstrap.json"]
    resources = actual["static_resources"]
    del resources["listeners"]
    resources["clusters"] = [each for each in resources["clusters"] if each["name"] != "admin"]
    del expected["node"]["id"], expected["node"]["cluster"]

    assert expected == actual


@pytest.mark.parametrize("name", PROXIES)
def test_an_envoy_finds_its_certificates(helm: Path, name: str) -> None:
    """The files that say where key, chain and roots are."""
    files = {key: value for key, value in config_map(helm, name).items() if key.startswith("sds-")}

    assert secret_files(MTLS) == files


@pytest.mark.parametrize("name", PROXIES)
def test_envoy_takes_its_bootstrap(helm: Path, name: str, tmp_path: Path) -> None:
    """As `--mode validate` says."""
    text = json.dumps(config_map(helm, name)["bootstrap.json"])
    (tmp_path / "bootstrap.json").write_text(text.replace("/etc/judgemesh/envoy", str(tmp_path)))
    for file, content in config_map(helm, name).items():
        if file.startswith("sds-"):
            (tmp_path / file).write_text(json.dumps(content))
    options = ["--mode", "validate", "-c", tmp_path / "bootstrap.json", "--service-node", "a", "--service-cluster", "b"]
    done = subprocess.run([envoy(), *options], capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
