"""Fixtures of tests that want a cluster. A conftest imports what it needs.

The cluster is the one that KUBECONFIG names, else the one that `make cluster` started. With neither the tests are
skipped, unless JUDGEMESH_CLUSTER=require: then they fail, for a continuous integration server must not skip silently.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.cluster import kind, node, places, programs


def find_kubeconfig() -> Path | None:
    """The kubeconfig of a cluster that answers."""
    if given := os.environ.get("KUBECONFIG"):
        return Path(given)
    if node.runs():
        return places.KUBECONFIG
    return kind.KUBECONFIG if kind.runs() else None


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Where the cluster's kubeconfig is."""
    if (found := find_kubeconfig()) and shutil.which("kubectl"):
        return found
    message = "no cluster answers: start one with `make cluster`, or set KUBECONFIG"
    if os.environ.get("JUDGEMESH_CLUSTER") == "require":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm, installed or built by `make cluster`."""
    return _program("helm")


@pytest.fixture(scope="session")
def otelcol() -> Path:
    """The OpenTelemetry collector, built with the images, or installed."""
    return _program("otelcol")


def _program(name: str) -> Path:
    try:
        return programs.installed(name)
    except programs.Missing as error:
        pytest.skip(str(error))
