"""The system user that PostgreSQL runs as where judgemesh runs as root, which PostgreSQL refuses."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from services.cli.local.failures import CannotStart

NAME = "judgemesh"


def database_user() -> str | None:
    """Whom PostgreSQL runs as; None for the present user, who is not root. Creates the user when it is missing."""
    if os.geteuid() != 0:
        return None
    if not _exists():
        _create()
    return NAME


def _exists() -> bool:
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        return False
    return True


def _create() -> None:
    remedy = f"Create the system user {NAME} by hand, or run judgemesh as a user who is not root."
    if not (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        raise CannotStart("PostgreSQL does not run as root, and there is no useradd to make a user for it.", remedy)
    made = subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0 and not _exists():
        raise CannotStart(f"The system user {NAME} could not be created: {made.stderr.strip()}", remedy)


def barrier(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users may not pass; None when the way is free."""
    for folder in reversed(path.absolute().parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None
