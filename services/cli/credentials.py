"""Where the command line keeps its log-ins: one file, readable by its owner alone."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EARLY = timedelta(seconds=30)
"""A token that is about to expire counts as expired: the call takes time too."""


@dataclass(frozen=True, slots=True)
class Login:
    """The tokens of one server; times as RFC 3339."""

    user: str
    session: str
    access_token: str
    refresh_token: str
    expire_time: str

    def expired(self, now: datetime | None = None) -> bool:
        return datetime.fromisoformat(self.expire_time) - _EARLY <= (now or datetime.now(UTC))


class CredentialsUnreadable(Exception):
    """The file, which it names, is not one of ours, or not for us to read."""


class CredentialsFile:
    """Log-ins by the server's URL. Reading raises CredentialsUnreadable."""

    def __init__(self, path: Path | None = None) -> None:
        config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self.path = path or config / "judgemesh" / "credentials.json"

    def get(self, server: str) -> Login | None:
        entry = self._read().get(server)
        try:
            return Login(**entry) if entry else None
        except TypeError as error:
            raise CredentialsUnreadable(self.path) from error

    def put(self, server: str, login: Login) -> None:
        self._write(self._read() | {server: asdict(login)})

    def forget(self, server: str) -> None:
        self._write({name: entry for name, entry in self._read().items() if name != server})

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            entries = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CredentialsUnreadable(self.path) from error
        if not isinstance(entries, dict):
            raise CredentialsUnreadable(self.path)
        return entries

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = self.path.with_suffix(".new")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(entries, file)
        scratch.replace(self.path)
