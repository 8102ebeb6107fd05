"""The programs of a node, built with Go from their modules: no download of binaries, no image registry."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.places import HERE, PROGRAMS

KUBERNETES = "1.37.2"
_MAJOR, _MINOR, _ = KUBERNETES.split(".")
_VERSION = "k8s.io/component-base/version"
_KUBE_FLAGS = f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor={_MAJOR} -X {_VERSION}.gitMinor={_MINOR}"

MODULES: dict[str, tuple[Path, str]] = {
    "etcd": (HERE / "go" / "etcd", "."),
    "kube": (HERE / "go" / "kube", "."),
    "otelcol": (HERE / "go" / "collector", "."),
    "jaeger": (HERE.parents[1] / "services/cli/local/jaeger", "github.com/jaegertracing/jaeger/cmd/all-in-one"),
}
"""Programs whose module replaces others: a module of ours requires them. The folder, and the package to build."""

PACKAGES: dict[str, str] = {
    "containerd": "github.com/containerd/containerd/v2/cmd/containerd@v2.4.2",
    "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2@v2.4.2",
    "ctr": "github.com/containerd/containerd/v2/cmd/ctr@v2.4.2",
    "runc": "github.com/opencontainers/runc@v1.5.2",
    "bridge": "github.com/containernetworking/plugins/plugins/main/bridge@v1.9.1",
    "loopback": "github.com/containernetworking/plugins/plugins/main/loopback@v1.9.1",
    "host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local@v1.9.1",
    "portmap": "github.com/containernetworking/plugins/plugins/meta/portmap@v1.9.1",
    "coredns": "github.com/coredns/coredns@v1.15.0",
    "helm": "helm.sh/helm/v4/cmd/helm@v4.3.1",
}
"""Programs that `go install` takes as they are."""


WITH_C = {"runc": "seccomp"}
"""Programs that are linked with C, and their build tags."""

NODE = ("etcd", "kube", "containerd", "containerd-shim-runc-v2", "ctr", "runc", "bridge", "loopback", "host-local",
        "portmap", "coredns", "pause")  # fmt: skip


class Missing(Exception):
    """A tool of this machine that building or running needs; the message says which, and what to install."""


def path(name: str) -> Path:
    """The program; built now if it is not there in this version, which takes minutes."""
    program = PROGRAMS / name
    if not is_built(name):
        print(f"building {name} …", flush=True)
        PROGRAMS.mkdir(parents=True, exist_ok=True)
        _build(name, program)
        _stamp(name).write_text(_origin(name))
    return program


def is_built(name: str) -> bool:
    """Whether the cache has the program as it is wanted now."""
    stamp = _stamp(name)
    return (PROGRAMS / name).exists() and stamp.exists() and stamp.read_text() == _origin(name)


def installed(name: str) -> Path:
    """A program for tests: the machine's own, else the one that was built; raises Missing where there is neither."""
    if (program := PROGRAMS / name).exists():
        return program
    if found := shutil.which(name):
        return Path(found)
    raise Missing(f"{name} is not there: `python -m tests.cluster build` builds it, or install it")


def _stamp(name: str) -> Path:
    return PROGRAMS / f".{name}"


def _origin(name: str) -> str:
    """What the program is made from, as a text that changes with it."""
    if name in PACKAGES:
        return PACKAGES[name]
    if name == "pause":
        files = [HERE / "go" / "pause.c"]
    else:
        files = sorted(path for path in MODULES[name][0].iterdir() if path.suffix in {".go", ".mod", ".sum"})
    flags = _KUBE_FLAGS if name == "kube" else ""
    return hashlib.sha256(b"".join(path.read_bytes() for path in files) + flags.encode()).hexdigest()


def _build(name: str, program: Path) -> None:
    if name == "pause":
        _run("gcc", "-static", "-Os", "-s", "-o", program, HERE / "go" / "pause.c")
    elif name in MODULES:
        folder, package = MODULES[name]
        flags = f"-s -w {_KUBE_FLAGS}" if name == "kube" else "-s -w"
        with tempfile.TemporaryDirectory() as copy:  # -mod=mod may write to go.mod
            shutil.copytree(folder, copy, dirs_exist_ok=True)
            _go(name, "build", "-ldflags", flags, "-o", program, package, cwd=copy)
    else:
        _go(name, "install", "-ldflags", "-s -w", *_tags(name), PACKAGES[name])


def _tags(name: str) -> list[str]:
    return ["-tags", WITH_C[name]] if name in WITH_C else []


def _go(name: str, *arguments: str | Path, cwd: str | None = None) -> None:
    environment = {"CGO_ENABLED": str(int(name in WITH_C)), "GOBIN": str(PROGRAMS), "GOFLAGS": "-mod=mod -trimpath"}
    _run("go", *arguments, cwd=cwd, env=os.environ | environment)


def _run(*command: str | Path, cwd: str | None = None, env: dict[str, str] | None = None) -> None:
    if not shutil.which(str(command[0])):
        raise Missing(f"{command[0]} is needed to build the node's programs")
    subprocess.run([str(word) for word in command], check=True, cwd=cwd, env=env)
