"""Symbolic links of an archive: each stands for a file or a folder of the same package, as the format allows."""

import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from services.problem.errors import PackageTooLarge, PackageUnsafe

Files = Mapping[str, zipfile.ZipInfo]

MAX_TARGET_BYTES = 4096
MAX_HOPS = 8
"""Links that lead to links."""


def with_links(archive: zipfile.ZipFile, files: Files, links: Files, most: int) -> dict[str, zipfile.ZipInfo]:
    """The files, and what links stand for under the links' names: at most so many.

    What is in a linked folder is there once more; links in it that lead to folders are not.
    Raises PackageUnsafe for a link to nothing of these, PackageTooLarge.
    """
    targets = {name: _target(archive, name, info) for name, info in links.items()}
    found = dict(files)
    folders = {}
    for name in targets:
        target = _followed(name, targets)
        if target in files:
            found[name] = files[target]
        else:
            folders[name] = target
    linked = dict(found)
    for name, target in folders.items():
        inside = [file for file in linked if file.startswith(f"{target}/")]
        if not inside or f"{name}/".startswith(f"{target}/"):
            raise PackageUnsafe(f"the link {name} leads to {target[:100]!r}, which is not in the archive", entry=name)
        if len(found) + len(inside) > most:
            raise PackageTooLarge(f"the archive has more than {most} files", limit_entries=str(most))
        found |= {f"{name}{file[len(target) :]}": linked[file] for file in inside}
    return found


def _target(archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo) -> str:
    """The path that a link leads to, from the archive's root."""
    if info.file_size > MAX_TARGET_BYTES:
        raise PackageUnsafe(f"the link {name} is too long", entry=name)
    try:
        text = archive.read(info).decode()
    except (UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise PackageUnsafe(f"the link {name} cannot be read", entry=name) from error
    if text.startswith("/"):
        raise PackageUnsafe(f"the link {name} leads out of the package", entry=name)
    parts = list(PurePosixPath(name).parent.parts)
    for step in text.split("/"):
        if step == ".." and parts:
            parts.pop()
        elif step not in ("", "."):
            # Above the root there is nothing: "..", which is no file's name, finds that out.
            parts.append(step)
    return "/".join(parts)


def _followed(name: str, targets: Mapping[str, str]) -> str:
    target = targets[name]
    for _ in range(MAX_HOPS):
        if target not in targets:
            return target
        target = targets[target]
    raise PackageUnsafe(f"the link {name} leads from link to link", entry=name)
