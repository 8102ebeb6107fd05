"""Whether an image that is built again, later and elsewhere, is the same to the byte.

Both builds take the sources of the last commit and no cache. The second one's are in another folder, and are for their
owner alone, as a checkout under umask 077 is. The base image is the same: which one it is belongs to what is built.
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import images


class Differs(Exception):
    """The two builds are not the same; the message says in which files."""


@dataclass(frozen=True)
class Built:
    """An image's archive, and what it is told by."""

    archive: Path
    digest: str
    """Of its configuration, which has those of its layers: the image's id."""
    layers: tuple[str, ...]


def digest(name: str) -> str:
    """The image's id, which two builds agree on. Raises Differs where they do not, CannotBuild without buildah."""
    images.require_bases()
    commit = subprocess.run(
        ["git", "-C", images.ROOT, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        first, second = (_built(name, commit, Path(folder) / f"umask-{umask:03o}", umask) for umask in (0o022, 0o077))
        if first.digest != second.digest:
            raise Differs("\n".join([f"{name}: {first.digest} {second.digest}", *_differences(first, second)]))
        return first.digest


def _built(name: str, commit: str, folder: Path, umask: int) -> Built:
    image, sources, tag = images.OWN[name], folder / "sources", f"localhost/judgemesh-reproduced/{name}"
    folder.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", images.ROOT, sources], check=True, umask=umask)
    subprocess.run(["git", "-C", sources, "checkout", "--quiet", commit], check=True, umask=umask)
    images.bud(tag, sources, sources / image.dockerfile, image.arguments, "--no-cache")
    archive = images.save(tag, folder / "image.tar")
    subprocess.run(["buildah", "rmi", tag], check=True, capture_output=True)
    with tarfile.open(archive) as tar:
        (manifest,) = json.loads(_content(tar, "manifest.json"))
        return Built(archive, manifest["Config"].removesuffix(".json"), tuple(manifest["Layers"]))


def _differences(first: Built, second: Built) -> Iterator[str]:
    """What is not the same, a line each."""
    for one, other in zip(first.layers, second.layers, strict=True):
        if one != other:
            before, after = _files(first.archive, one), _files(second.archive, other)
            for path in sorted({*before, *after}):
                if before.get(path) != after.get(path):
                    yield f"{path}: {before.get(path)} {after.get(path)}"
            if list(before) != list(after):
                yield f"{one}: the files' order"
    if first.layers == second.layers:
        yield "the layers are the same, the configuration is not"


def _files(archive: Path, layer: str) -> dict[str, tuple[object, ...]]:
    """What a layer says of each of its files, in its order."""
    with tarfile.open(archive) as outer, tarfile.open(fileobj=outer.extractfile(layer)) as tar:
        return {
            entry.name: (
                oct(entry.mode), entry.uid, entry.gid, entry.mtime, entry.size, entry.linkname,
                hashlib.sha256(_content(tar, entry.name)).hexdigest()[:12] if entry.isreg() else entry.type,
            )
            for entry in tar
        }  # fmt: skip


def _content(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    return file.read() if file else b""
