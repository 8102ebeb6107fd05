"""What the translation needs beside resources, held together: the default descriptor set, and the files of pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from judgemesh_operator.api.resources import Problem, Resources
from judgemesh_operator.xds import soundness, traffic
from judgemesh_operator.xds.descriptor import parse_descriptors
from judgemesh_operator.xds.proxies import Ads, Pages, Proxy, ProxyKind
from judgemesh_operator.xds.snapshot import Snapshot, translate


@dataclass(frozen=True)
class Translation:
    """Resources to snapshots. `pages` is the folder that the files of gateways' pages are in."""

    descriptors: bytes
    pages: Path

    def sound(self, observed: Resources) -> tuple[Resources, tuple[Problem, ...]]:
        """What can be served of it, and what is wrong with the rest."""
        resources, problems = soundness.sound(observed, parse_descriptors(self.descriptors))
        return resources, (*observed.problems, *problems)

    def snapshot(self, resources: Resources, proxy: Proxy, now: datetime) -> Snapshot:
        """Raises InvalidResources."""
        return translate(
            resources,
            proxy=proxy,
            source=Ads(),
            descriptors=self.descriptors,
            pages=self._pages(resources, proxy),
            now=now,
        )

    def next_expiry(self, resources: Resources, now: datetime) -> datetime | None:
        return traffic.next_expiry(resources, now)

    def _pages(self, resources: Resources, proxy: Proxy) -> Pages:
        gateway = resources.gateways.get(proxy.name) if proxy.kind is ProxyKind.GATEWAY else None
        files: Sequence[str] = [page.file for page in gateway.spec.pages] if gateway else []
        return {file: (self.pages / file).read_bytes() for file in files if (self.pages / file).is_file()}
