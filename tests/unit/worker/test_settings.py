"""Settings of the worker that cannot be."""

import pytest
from pydantic import ValidationError

from services.execution.worker.settings import WorkerSettings


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("WORKER_LANGUAGES", "c,cobol", "no language cobol; there are c, cpp, csharp, go"),
        ("SANDBOX_REQUIRED_LAYERS", "seccomp,chroot", "no layer chroot; there are rlimits"),
    ],
)
def test_unknown_name_is_refused_with_those_that_there_are(
    name: str, value: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not exist is named, together with what does."""
    monkeypatch.setenv(f"JUDGEMESH_{name}", value)

    with pytest.raises(ValidationError, match=wanted):
        WorkerSettings()
