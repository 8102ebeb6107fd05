"""skaffold.yaml fits the schema, the repository and the charts."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from services.common.reload import WORK
from tests.charts.charts import OPERATOR, PLATFORM, render

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
ARTIFACTS = {artifact["image"]: artifact for artifact in CONFIG["build"]["artifacts"]}
RELEASES = {release["name"]: release for release in CONFIG["deploy"]["helm"]["releases"]}


def test_it_fits_its_published_schema() -> None:
    """JUDGEMESH_SKAFFOLD_SCHEMA names the schema of its apiVersion, as skaffold publishes it."""
    if not (path := os.environ.get("JUDGEMESH_SKAFFOLD_SCHEMA")):
        pytest.skip("JUDGEMESH_SKAFFOLD_SCHEMA does not name skaffold's schema")
    schema = json.loads(Path(path).read_text())

    assert [] == [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(CONFIG)]


def test_profiles_are_those_that_are_documented() -> None:
    """Each has a name that says for what."""
    assert ["dev", "kind", "minikube", "debug", "production-like", "buildah"] == [
        each["name"] for each in CONFIG["profiles"]
    ]


def test_every_image_has_its_dockerfile_and_every_file_of_values_is_there() -> None:
    """Nothing that is named is missing."""
    named = [artifact["docker"]["dockerfile"] for artifact in ARTIFACTS.values()]
    for release in RELEASES.values():
        named += [release["chartPath"], *release.get("valuesFiles", [])]
    for profile in CONFIG["profiles"]:
        named += [file for patch in profile.get("patches", ()) for file in patch.get("value", ())]

    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_every_profile_has_the_same_images() -> None:
    """Another builder builds all of them."""
    (buildah,) = (profile for profile in CONFIG["profiles"] if profile["name"] == "buildah")

    assert list(ARTIFACTS) == [artifact["image"] for artifact in buildah["build"]["artifacts"]]


def test_what_is_built_is_what_is_deployed(helm: Path) -> None:
    """Every image of the charts that is ours is set to the built one."""
    built = {name: f"registry.example/{name}:1" for name in ARTIFACTS}
    text = ""
    for name, chart in (("judgemesh-operator", OPERATOR), ("judgemesh", PLATFORM)):
        options = [word for pair in filled(RELEASES[name]["setValueTemplates"], built) for word in ("--set", pair)]
        done = render(helm, chart, *options)
        assert 0 == done.returncode, done.stderr
        text += done.stdout

    assert [] == [name for name, image in built.items() if image not in text]
    assert "docker.io/judgemesh" not in text


def filled(templates: dict[str, str], built: dict[str, str]) -> list[str]:
    """As skaffold fills in the templates of values."""
    words: dict[str, str] = {}
    for name, image in built.items():
        repository, _, tag = image.rpartition(":")
        suffix = name.replace("/", "_").replace("-", "_")
        words |= {
            f"IMAGE_FULLY_QUALIFIED_{suffix}": image,
            f"IMAGE_REPO_{suffix}": repository,
            f"IMAGE_TAG_{suffix}": tag,
        }
    return [f"{key}={words[template.removeprefix('{{.').removesuffix('}}')]}" for key, template in templates.items()]


def test_synchronised_files_arrive_where_modules_run_from() -> None:
    """Every image takes every module: one that takes some would be built for an edit of the others."""
    destinations: set[Any] = {
        rule["dest"] for artifact in ARTIFACTS.values() for rule in artifact.get("sync", {}).get("manual", ())
    }

    assert {str(WORK)} == destinations
    assert 1 == len({str(artifact["sync"]) for name, artifact in ARTIFACTS.items() if name != left_out()})


def left_out() -> str:
    """The image that `skaffold dev` does without."""
    (dev,) = (profile for profile in CONFIG["profiles"] if profile["name"] == "dev")
    path = dev["patches"][0]["path"]
    return str(CONFIG["build"]["artifacts"][int(path.removeprefix("/build/artifacts/"))]["image"])


def test_dev_does_without_the_image_that_no_pod_runs() -> None:
    """It is named by its place in the list."""
    assert "judgemesh/cli" == left_out()
