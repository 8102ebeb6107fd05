"""Fixtures of the charts' tests. `pytest tests/charts --rewrite-charts` writes what comes out as expected."""

import pytest

from tests.cluster.fixtures import helm, kubeconfig

__all__ = ["helm", "kubeconfig"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-charts", action="store_true", help="write what the charts render as expected")
