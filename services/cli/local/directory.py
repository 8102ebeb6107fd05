"""The data directory: where one instance keeps everything that survives it."""

import fcntl
import json
import os
import secrets
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.cli.local.failures import AlreadyRunning, CannotStart

ALPHABET = string.ascii_letters + string.digits
KEPT_LOGS = 4
"""How many earlier logs of each part are kept: enough to look back at a crash, too few to fill a disk."""


def default_home(environment: Mapping[str, str], uid: int) -> Path:
    """Where the data lives unless told: $JUDGEMESH_HOME, /var/lib for root, else the XDG data home."""
    if home := environment.get("JUDGEMESH_HOME"):
        return Path(home)
    if uid == 0:
        return Path("/var/lib/judgemesh")
    if data_home := environment.get("XDG_DATA_HOME"):
        return Path(data_home) / "judgemesh"
    return Path(environment.get("HOME") or "/var/tmp") / ".local" / "share" / "judgemesh"  # noqa: S108 - no home at all


class DataDirectory:
    """Paths below one root, the secrets kept there, and the lock that says who uses it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.postgres = self.root / "postgres"
        self.nats = self.root / "nats"
        self.mesh = self.root / "mesh"
        self.run = self.root / "run"
        self.logs = self.root / "logs"
        self.programs = self.root / "bin"
        self.work = self.root / "work"
        self.worker = self.root / "worker"
        self.scratch = self.root / "scratch"

    def prepare(self) -> None:
        """Create what is missing. Raises CannotStart when the place cannot be written."""
        try:
            # The root is open to all for passing through: as root, PostgreSQL runs as another user.
            self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
            for folder in (self.nats, self.mesh, self.run, self.logs, self.programs, self.work, self.scratch):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise unwritable(self.root, error) from error

    @contextmanager
    def held(self, url: str) -> Iterator[None]:
        """Hold the directory for this process.

        The lock is the kernel's and ends with the process, so that none is ever stale.
        Raises AlreadyRunning.
        """
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            holder = self.instance()
            raise AlreadyRunning(str(self.root), holder.get("url", "?"), holder.get("pid", 0)) from None
        try:
            write_private(self._instance_file, json.dumps({"url": url, "pid": os.getpid()}))
            yield
        finally:
            self._instance_file.unlink(missing_ok=True)
            os.close(descriptor)

    def running(self) -> bool:
        """Whether some process holds the directory now."""
        try:
            descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def instance(self) -> dict[str, Any]:
        """What the holder wrote about itself: `url` and `pid`; empty when unknown."""
        try:
            return dict(json.loads(self._instance_file.read_text()))
        except (OSError, ValueError):
            return {}

    def secret(self, name: str, length: int = 43) -> str:
        """A password made at first use, the same ever after; readable by the owner alone.

        Letters and digits alone, which need quoting nowhere; 43 of them hold 256 bits.
        """
        kept: dict[str, str] = json.loads(self._secrets_file.read_text()) if self._secrets_file.exists() else {}
        if name not in kept:
            kept[name] = "".join(secrets.choice(ALPHABET) for _ in range(length))
            write_private(self._secrets_file, json.dumps(kept, indent=2))
        return kept[name]

    def fresh_log(self, name: str) -> Path:
        """The log of a part for this run; earlier ones are kept as <name>.1.log, <name>.2.log and so on."""
        current = self.logs / f"{name}.log"
        if current.exists():
            for age in range(KEPT_LOGS - 1, 0, -1):
                older = self.logs / f"{name}.{age}.log"
                if older.exists():
                    older.replace(self.logs / f"{name}.{age + 1}.log")
            current.replace(self.logs / f"{name}.1.log")
        current.touch(mode=0o600)
        return current

    @property
    def _instance_file(self) -> Path:
        return self.run / "instance.json"

    @property
    def _secrets_file(self) -> Path:
        return self.root / "secrets.json"


def account_password(directory: DataDirectory, username: str) -> str:
    """The password of an account that a first start makes: short enough to type, too random to guess."""
    return directory.secret(f"account-{username}", 12)


def unwritable(root: Path, error: OSError) -> CannotStart:
    return CannotStart(
        f"The data directory {root} cannot be written: {error.strerror}.",
        "Choose another one with --data-dir or JUDGEMESH_HOME, or make this one yours: "
        f'sudo install -d -o "$(id -un)" {root}',
    )


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, so that a reader sees the old or the new text; for the owner's eyes alone."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    beside.replace(path)
