"""The images of statements, as data: URIs: a statement is one piece of HTML that asks nothing of any server."""

import base64
import posixpath
from urllib.parse import unquote

from services.problem.archive import PackageArchive
from services.problem.findings import Findings

MAX_IMAGE_BYTES = 512 * 1024
MAX_IMAGES_BYTES = 1536 * 1024
"""Of all statements of a package together, so that a problem fits into one message."""
TYPES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".svg": "svg+xml", ".webp": "webp"}
MAGIC = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
    "svg+xml": (b"<",),
}


class Images:
    """Finds the images that a statement in ``folder`` names; what cannot be shown is a warning."""

    def __init__(self, archive: PackageArchive, findings: Findings) -> None:
        self._archive = archive
        self._findings = findings
        self._used = 0

    def data_uri(self, folder: str, source: str) -> str | None:
        """The image as a data: URI, or None where it may not or cannot be shown. A suffix may be missing (LaTeX)."""
        name = self._found(folder, unquote(source))
        if name is None:
            self._findings.warn(f"{folder}/", f"the image {source[:200]!r} is not in this folder; it is left out")
            return None
        kind = TYPES.get(posixpath.splitext(name)[1].lower())
        if kind is None:
            self._findings.warn(name, "is not a PNG, JPEG, GIF, SVG or WebP image; it is left out")
            return None
        return self._encoded(name, kind)

    def _found(self, folder: str, source: str) -> str | None:
        path = posixpath.normpath(posixpath.join(folder, source))
        if not path.startswith(f"{folder}/"):
            return None
        return next((name for name in (path, *(path + suffix for suffix in TYPES)) if name in self._archive), None)

    def _encoded(self, name: str, kind: str) -> str | None:
        size = self._archive.size(name)
        if size > MAX_IMAGE_BYTES or self._used + size > MAX_IMAGES_BYTES:
            self._findings.warn(name, f"is left out: an image may have {MAX_IMAGE_BYTES} bytes, all {MAX_IMAGES_BYTES}")
            return None
        content = self._archive.read(name, MAX_IMAGE_BYTES)
        if not content.lstrip().startswith(MAGIC[kind]):
            self._findings.warn(name, "is not the kind of image that its name says; it is left out")
            return None
        self._used += size
        return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
