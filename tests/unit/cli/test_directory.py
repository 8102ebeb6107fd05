"""The data directory: its place, its lock, its secrets, its logs."""

import json
import stat
from pathlib import Path

import pytest

from services.cli.local.directory import KEPT_LOGS, DataDirectory, default_home
from services.cli.local.failures import AlreadyRunning, CannotStart


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "home")
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("environment", "uid", "expected"),
    [
        ({"JUDGEMESH_HOME": "/srv/jm", "HOME": "/home/a"}, 0, "/srv/jm"),
        ({"HOME": "/root", "XDG_DATA_HOME": "/x"}, 0, "/var/lib/judgemesh"),
        ({"HOME": "/home/a", "XDG_DATA_HOME": "/x"}, 1000, "/x/judgemesh"),
        ({"HOME": "/home/a"}, 1000, "/home/a/.local/share/judgemesh"),
        ({"HOME": ""}, 1000, "/var/tmp/.local/share/judgemesh"),
    ],
)
def test_default_home(environment: dict[str, str], uid: int, expected: str) -> None:
    """JUDGEMESH_HOME wins; root's data is the system's, another user's follows XDG; an empty HOME does no harm."""
    assert default_home(environment, uid) == Path(expected)


def test_second_instance_learns_of_the_first(directory: DataDirectory) -> None:
    """Who finds the directory held is told where the holder answers."""
    with (
        directory.held("http://127.0.0.1:8080"),
        pytest.raises(AlreadyRunning) as refused,
        DataDirectory(directory.root).held("http://127.0.0.1:9000"),
    ):
        pass

    assert refused.value.url == "http://127.0.0.1:8080"
    assert "http://127.0.0.1:8080" in str(refused.value)


def test_lock_file_alone_holds_nothing(directory: DataDirectory) -> None:
    """What a killed instance left behind is no hindrance: the lock is the kernel's, not the file."""
    (directory.run / "lock").write_text("")
    (directory.run / "instance.json").write_text(json.dumps({"url": "http://old", "pid": 1}))

    with directory.held("http://new"):
        assert directory.instance()["url"] == "http://new"
        assert directory.running()

    assert not directory.running()
    assert directory.instance() == {}


def test_secrets_are_kept_and_private(directory: DataDirectory) -> None:
    """A secret is the same at each start, different from others, and readable by the owner alone."""
    first = directory.secret("nats")
    other = directory.secret("postgres")

    assert DataDirectory(directory.root).secret("nats") == first
    assert first != other
    assert stat.S_IMODE((directory.root / "secrets.json").stat().st_mode) == 0o600


def test_logs_move_on(directory: DataDirectory) -> None:
    """Each start begins a log; the earlier ones are kept up to a limit, newest first."""
    for run in range(KEPT_LOGS + 3):
        directory.fresh_log("user").write_text(f"run {run}")
    directory.fresh_log("user")

    kept = [(directory.logs / f"user.{age}.log").read_text() for age in range(1, KEPT_LOGS + 1)]
    assert kept == [f"run {run}" for run in range(KEPT_LOGS + 2, 2, -1)]
    assert len(list(directory.logs.glob("user*"))) == KEPT_LOGS + 1


def test_unwritable_place_says_what_to_do(tmp_path: Path) -> None:
    """A path that cannot be a folder is refused with a way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotStart) as refused:
        DataDirectory(tmp_path / "file" / "home").prepare()

    assert "--data-dir" in refused.value.remedy
