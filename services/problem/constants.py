"""Constants of a package: ``{{name}}`` in its files stands for a value of problem.yaml (2025-09)."""

import re
from collections.abc import Iterator, Mapping

from services.problem.archive import PackageArchive

MAX_BYTES = 4 * 1024 * 1024
"""Of a file that is searched for constants; no source code is larger."""
_NAME = re.compile(rb"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}")


def filled(content: bytes, constants: Mapping[str, str]) -> bytes:
    """The content with values in the place of constants; names that are none stay."""
    if not constants or b"{{" not in content:
        return content
    values = {name.encode(): value.encode() for name, value in constants.items()}
    return _NAME.sub(lambda match: values.get(match[1], match[0]), content)


def filled_chunks(archive: PackageArchive, name: str, constants: Mapping[str, str]) -> Iterator[bytes]:
    """The file's content, filled, in pieces."""
    if not constants or archive.size(name) > MAX_BYTES:
        return archive.chunks(name)
    return iter((filled(archive.read(name, MAX_BYTES), constants),))
