"""First contents: accounts and the sample problems, all through the public API."""

import asyncio
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.cli.local.directory import DataDirectory, account_password, write_private
from services.cli.local.failures import CannotStart

SAMPLES = Path(__file__).parents[1] / "samples"
ROLES: Mapping[str, tuple[str, ...]] = {
    "setter": ("ROLE_CONTESTANT", "ROLE_SETTER"),
    "alice": (),
    "bob": (),
}
"""Accounts beside `admin`, whom the user service makes itself, with the roles they are given."""
IMPORT_SECONDS = 60.0
_LEFT_OUT = {"__pycache__", "generators"}


@dataclass(frozen=True)
class Seeded:
    """What is there now: passwords by username, and the identifiers of the sample problems."""

    accounts: dict[str, str]
    problems: tuple[str, ...]
    imported: tuple[str, ...]


class Seeder:
    """Fills the platform at `base_url`. Running it again changes nothing that is as it should be."""

    def __init__(self, base_url: str, directory: DataDirectory) -> None:
        self._base_url = base_url
        self._directory = directory

    async def run(self) -> Seeded:
        """Raises CannotStart when the API refuses."""
        accounts = {name: account_password(self._directory, name) for name in ("admin", *ROLES)}
        async with httpx.AsyncClient(base_url=self._base_url, timeout=IMPORT_SECONDS, trust_env=False) as http:
            try:
                await self._accounts(http, accounts)
                imported = await self._problems(http, accounts["setter"])
            except httpx.HTTPStatusError as error:
                raise CannotStart(
                    f"Seeding failed: {error.request.method} {error.request.url.path} answered "
                    f"{error.response.status_code}: {error.response.text.strip()[:500]}",
                    "Start without it (--no-seed), or look into the services' logs.",
                ) from error
            except httpx.TransportError as error:
                raise CannotStart(f"Seeding failed: {error!r}", "See the gateway's log.") from error
        return Seeded(accounts, tuple(sorted(folder.name for folder in packages())), imported)

    async def _accounts(self, http: httpx.AsyncClient, accounts: dict[str, str]) -> None:
        if self._kept().get("accounts") == sorted(accounts):
            return
        admin = await log_in(http, "admin", accounts["admin"])
        for name, roles in ROLES.items():
            made = await http.post("/v1/users", json={"username": name, "password": accounts[name]}, headers=admin)
            if made.status_code != httpx.codes.CONFLICT:
                made.raise_for_status()
            if roles:
                changed = await http.patch(
                    f"/v1/users/{name}", params={"updateMask": "roles"}, json={"roles": roles}, headers=admin
                )
                changed.raise_for_status()
        self._keep("accounts", sorted(accounts))

    async def _problems(self, http: httpx.AsyncClient, password: str) -> tuple[str, ...]:
        """Import what is new or has changed since, one after the other; the names of those."""
        known: dict[str, str] = self._kept().get("problems", {})
        archives = await asyncio.to_thread(lambda: {folder.name: archive(folder) for folder in packages()})
        fresh = {name: data for name, data in archives.items() if known.get(name) != digest(data)}
        if not fresh:
            return ()
        setter = await log_in(http, "setter", password)
        for name, data in fresh.items():
            await import_problem(http, setter, name, data)
            known[name] = digest(data)
            self._keep("problems", known)
        return tuple(fresh)

    def _kept(self) -> dict[str, Any]:
        return dict(json.loads(self._file.read_text())) if self._file.exists() else {}

    def _keep(self, key: str, value: Any) -> None:
        write_private(self._file, json.dumps(self._kept() | {key: value}, indent=2))

    @property
    def _file(self) -> Path:
        return self._directory.root / "seeded.json"


async def log_in(http: httpx.AsyncClient, username: str, password: str) -> dict[str, str]:
    """The headers of a caller who is logged in."""
    session = await http.post("/v1/sessions", json={"username": username, "password": password})
    session.raise_for_status()
    return {"authorization": f"Bearer {session.json()['accessToken']}"}


async def import_problem(http: httpx.AsyncClient, headers: dict[str, str], name: str, data: bytes) -> None:
    """Import a package and make it public."""
    imported = await http.post(
        "/v1/problems:import",
        params={"problemId": name},
        content=data,
        headers=headers | {"content-type": "application/zip"},
    )
    imported.raise_for_status()
    published = await http.patch(
        f"/v1/problems/{name}",
        params={"updateMask": "visibility"},
        json={"visibility": "VISIBILITY_PUBLIC"},
        headers=headers,
    )
    published.raise_for_status()


def packages() -> list[Path]:
    """The folders of the sample problems."""
    return sorted(path.parent for path in SAMPLES.glob("*/problem.yaml"))


def archive(folder: Path) -> bytes:
    """The package as a zip that has the same bytes for the same contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _LEFT_OUT.isdisjoint(path.relative_to(folder).parts):
                entry = zipfile.ZipInfo(str(Path(folder.name) / path.relative_to(folder)))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
