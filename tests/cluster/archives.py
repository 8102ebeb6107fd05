"""Image archives, as `docker save` writes them, made without a container engine."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def of_programs(archive: Path, name: str, programs: Sequence[Path]) -> None:
    """An image that holds static programs at its root and starts the first."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for program in programs:
            tar.add(program, arcname=program.name)
    _write(archive, name, layer.getvalue(), [f"/{programs[0].name}"])


def of_root(archive: Path, name: str, root: Path, command: Sequence[str]) -> None:
    """An image whose one layer is the tar `root`."""
    _write(archive, name, root.read_bytes(), command)


def _write(archive: Path, name: str, layer: bytes, command: Sequence[str]) -> None:
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": list(command), "Env": [_PATH]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "tests.cluster"}],  # buildah counts it
    }
    document = json.dumps(config).encode()
    file = f"{_digest(document)}.json"
    manifest = [{"Config": file, "RepoTags": [name], "Layers": ["layer.tar"]}]
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w") as tar:
        _add(tar, "layer.tar", layer)
        _add(tar, file, document)
        _add(tar, "manifest.json", json.dumps(manifest).encode())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
