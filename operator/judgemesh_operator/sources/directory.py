"""Resources and EndpointSlices from directories of YAML, read again when a file changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from judgemesh_operator.api.resources import InvalidResources, Problem, Resources, parse_resources
from judgemesh_operator.sources.slices import places

POLL_SECONDS = 0.25
"""Between two looks at the files' times: a change acts while whoever made it still looks, and a look costs nothing."""

Document = tuple[str, Any]
"""With the name of the file that it is in."""

# libyaml where it was built in: five times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


async def _pause() -> None:
    await asyncio.sleep(POLL_SECONDS)


@dataclass
class DirectorySource:
    """Every `*.yaml` of the folders. What cannot be read any more counts as it was when it last could."""

    folders: tuple[Path, ...]
    pause: Callable[[], Awaitable[None]] = _pause
    _files: dict[Path, list[Document]] = field(default_factory=dict)
    _good: dict[tuple[str, str], Document] = field(default_factory=dict)

    async def watch(self) -> AsyncIterator[Resources]:
        """The resources now, and again after each change."""
        seen = None
        while True:
            stamps = dict(_stamps(self.folders))
            if stamps != seen:
                seen = stamps
                yield self.read(stamps)
            await self.pause()

    def read(self, files: Iterable[Path]) -> Resources:
        """All files together; what is wrong with some of it is in `problems`."""
        problems: list[Problem] = []
        files = list(files)
        for path in files:
            try:
                self._files[path] = list(_documents(path))
            except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
                problems.append(Problem(path.name, "", f"cannot be read: {error}"))
        documents = [document for path in files for document in self._files.get(path, ())]
        slices = [document for _, document in documents if _is_slice(document)]
        sound = list(self._sound([each for each in documents if not _is_slice(each[1])], problems))
        resources = parse_resources(sound)
        found = dict(places(slices, resources.services, resources.policies))
        return Resources(
            services=resources.services,
            gateways=resources.gateways,
            policies=resources.policies,
            pools=resources.pools,
            endpoints=found,
            problems=tuple(problems),
        )

    def _sound(self, documents: Iterable[Document], problems: list[Problem]) -> Iterator[Document]:
        """Each resource once: as it is, or as it last was right."""
        current: dict[tuple[str, str], Document] = {}
        for name, document in documents:
            key = _key(document, name)
            try:
                parse_resources([(name, document)])
                if key in current:
                    problems.append(Problem("/".join(key), "metadata.name", f"is there twice ({name})"))
                    continue
                current[key] = (name, document)
            except InvalidResources as error:
                problems += error.problems
                if key in self._good and key not in current:
                    current[key] = self._good[key]
        self._good = current
        return iter(current.values())


def _key(document: Any, source: str) -> tuple[str, str]:
    """Kind and name, as far as it has them."""
    if not isinstance(document, dict):
        return source, ""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return str(document.get("kind")), str(name)


def _is_slice(document: Any) -> bool:
    return isinstance(document, dict) and document.get("kind") == "EndpointSlice"


def _documents(path: Path) -> Iterator[Document]:
    with path.open() as file:
        for document in yaml.load_all(file, _Loader):
            if document:
                yield path.name, document


def _stamps(folders: Iterable[Path]) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    """What changes when a file does; one that is replaced has another inode."""
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            try:
                status = path.stat()
            except OSError:
                continue
            yield path, (status.st_mtime_ns, status.st_size, status.st_ino)


def endpoint_slices(services: Mapping[str, Iterable[tuple[str, int]]]) -> list[dict[str, Any]]:
    """Documents that say where services run, by the name of each: what Kubernetes says for its own."""
    return [_endpoint_slice(name, host, port) for name, where in services.items() for host, port in where]


def _endpoint_slice(service: str, host: str, port: int) -> dict[str, Any]:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-{port}", "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": port}],
        "endpoints": [{"addresses": [host], "conditions": {"ready": True, "serving": True}}],
    }
