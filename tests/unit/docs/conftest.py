import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-docs", action="store_true", help="write the generated parts of docs/ anew")


@pytest.fixture
def rewriting(request: pytest.FixtureRequest) -> bool:
    """Whether generated parts are written instead of compared. The option is known where this folder is named."""
    return bool(request.config.getoption("--rewrite-docs", default=False))
