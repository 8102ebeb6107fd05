"""The reference of the guide."""

from pathlib import Path

import pytest

from tests.operator.api.reference import rewritten

PAGE = Path(__file__).parents[3] / "docs" / "guide" / "resources.md"


def test_reference(request: pytest.FixtureRequest) -> None:
    """The guide has every field, default and rule; `--rewrite-golden` writes it anew."""
    text = PAGE.read_text()
    if request.config.getoption("--rewrite-golden", default=False):
        PAGE.write_text(rewritten(text))
        return

    assert rewritten(text) == text
