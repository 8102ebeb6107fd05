"""What the charts render, and what holds for all of it."""

from pathlib import Path

import pytest
import yaml

from tests.charts.charts import OPERATOR, documents, pods, render, rendered
from tests.charts.variants import GOLDEN, VARIANTS, Variant


def rendered_variant(helm: Path, variant: Variant) -> str:
    return rendered(helm, variant.chart, *variant.arguments, version=variant.version)


def by_name(variant: Variant) -> str:
    return variant.name


@pytest.mark.parametrize("variant", VARIANTS, ids=by_name)
def test_a_variant_renders_as_its_golden_file_says(
    helm: Path, variant: Variant, request: pytest.FixtureRequest
) -> None:
    """A change of the charts is seen as a change of manifests, and nothing else changes."""
    text = rendered_variant(helm, variant)
    if request.config.getoption("--rewrite-charts", default=False):
        variant.golden.write_text(text)

    assert variant.golden.read_text() == text


def test_every_golden_file_belongs_to_a_variant() -> None:
    """A variant that is gone leaves nothing behind."""
    assert {variant.golden for variant in VARIANTS} == set(GOLDEN.iterdir())


@pytest.mark.parametrize("variant", VARIANTS, ids=by_name)
def test_every_pod_is_restricted(helm: Path, variant: Variant) -> None:
    """All of Pod Security's `restricted`, and a root that nobody writes to."""
    wrong = {}
    for name, pod in pods(documents(rendered_variant(helm, variant))).items():
        security = pod["securityContext"]
        if not (security["runAsNonRoot"] and security["seccompProfile"] == {"type": "RuntimeDefault"}):
            wrong[name] = security
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            expected = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            if container["securityContext"] != expected:
                wrong[f"{name} {container['name']}"] = container["securityContext"]

    assert {} == wrong


@pytest.mark.parametrize("variant", VARIANTS, ids=by_name)
def test_every_container_has_requests_and_a_limit_of_memory(helm: Path, variant: Variant) -> None:
    """A pod that leaks is ended, and none is placed where it does not fit."""
    missing = [
        f"{name} {container['name']}"
        for name, pod in pods(documents(rendered_variant(helm, variant))).items()
        for container in (*pod.get("initContainers", ()), *pod["containers"])
        if not {"cpu", "memory"} <= set(container["resources"]["requests"])
        or "memory" not in container["resources"]["limits"]
    ]

    assert [] == missing


def test_the_sidecar_is_there_before_its_service_and_after_it(helm: Path) -> None:
    """It is a sidecar as Kubernetes knows it, probed until it is ready; the service's own time is within the pod's."""
    found = pods(documents(rendered_variant(helm, VARIANTS[0])))
    for name in ("user", "problem", "execution"):
        pod = found[f"Deployment/{name}"]
        sidecar = pod["initContainers"][-1]
        settings = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
        own = int(settings["JUDGEMESH_DRAIN_SECONDS"]) + int(settings["JUDGEMESH_GRACE_SECONDS"])

        assert ("envoy", "Always") == (sidecar["name"], sidecar["restartPolicy"])
        assert "startupProbe" in sidecar
        assert own < pod["terminationGracePeriodSeconds"]


def test_migrations_run_before_anything_changes_where_the_database_is_there_already(helm: Path) -> None:
    """A database of one's own: a hook. The chart's own, new: a part of the release, and services wait for it."""
    hooks = {}
    for variant in VARIANTS[:4]:
        for each in documents(rendered_variant(helm, variant)):
            if each["kind"] == "Job":
                hooks[variant.name] = each["metadata"].get("annotations", {}).get("helm.sh/hook")

    before = "pre-install,pre-upgrade"
    assert {"default": None, "oldest-cluster": None, "production": before, "upgrade": before} == hooks


def test_certificates_come_as_the_cluster_can(helm: Path) -> None:
    """Where pods cannot ask for certificates, they mount the Secrets that the operator writes."""
    sources = {}
    for variant in VARIANTS[:2]:
        user = pods(documents(rendered_variant(helm, variant)))["Deployment/user"]
        (identity,) = (volume for volume in user["volumes"] if volume["name"] == "identity")
        sources[variant.name] = sorted(set(identity) - {"name"})
        if "secret" in identity:
            assert "user-mesh-identity" == identity["secret"]["secretName"]

    assert {"default": ["projected"], "oldest-cluster": ["secret"]} == sources


def test_secrets_are_kept(helm: Path) -> None:
    """An uninstalled release leaves what its data cannot be read without."""
    secrets = [each for each in documents(rendered_variant(helm, VARIANTS[0])) if each["kind"] == "Secret"]

    assert {"keep"} == {each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in secrets}


def test_the_operator_brings_every_definition_as_it_is(helm: Path) -> None:
    """They are brought up to date with the chart, which Helm does not do with a folder `crds`."""
    files = [yaml.safe_load(path.read_text()) for path in sorted((OPERATOR / "files" / "crds").iterdir())]
    found = [each for each in documents(rendered(helm, OPERATOR)) if each["kind"] == "CustomResourceDefinition"]

    assert files == sorted(found, key=lambda each: each["metadata"]["name"])
    assert {"keep"} == {each["metadata"]["annotations"]["helm.sh/resource-policy"] for each in found}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "postgresql.enabled=false"], "services.execution.database.existingSecret"),
        (
            ["--set", "postgresql.enabled=false,nats.enabled=false,defaults.database.existingSecret=x"],
            "nats.existingSecret",
        ),
    ],
)
def test_what_nobody_brings_is_asked_for(helm: Path, options: list[str], said: str) -> None:
    """A chart that runs no database or no broker says which value names another."""
    done = render(helm, VARIANTS[0].chart, *options)

    assert 0 != done.returncode
    assert said in done.stderr
