"""The cache of judging bundles."""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest

from services.execution.worker.bundles import BundleInvalid, Bundles
from tests.integration.worker.packages import bundle, limits

GOOD = bundle([(b"1\n", b"2\n")], limits=limits())


def archive(entries: dict[str, bytes]) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return hashlib.sha256(buffer.getvalue()).hexdigest(), buffer.getvalue()


class Store:
    """Objects in memory; counts the downloads."""

    def __init__(self, *objects: tuple[str, bytes]) -> None:
        self.objects = dict(objects)
        self.downloads = 0

    async def download(self, name: str, file: BinaryIO) -> None:
        self.downloads += 1
        await asyncio.sleep(0)
        file.write(self.objects[name])

    def cache(self, directory: Path, *, max_bytes: int = 1 << 20) -> Bundles:
        bundles = Bundles(
            directory / "bundles",
            self.download,
            max_bytes=max_bytes,
            max_bundle_bytes=1 << 20,
        )
        bundles.prepare()
        return bundles


async def test_bundle_is_downloaded_once_for_all_who_ask(tmp_path: Path) -> None:
    """Callers that ask for a bundle at the same time, and later ones, share one download."""
    store = Store(GOOD)
    bundles = store.cache(tmp_path)

    async def use() -> bytes:
        async with bundles.use(GOOD[0]) as found:
            return found.entry(found.manifest.tests[0].input).read_bytes()

    contents = [*await asyncio.gather(use(), use(), use()), await use()]

    assert contents == [b"1\n"] * 4
    assert store.downloads == 1


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"../out": b""}, "leaves its directory"),
        ({"/etc/out": b""}, "leaves its directory"),
        ({"manifest.binpb": b"\xff"}, "manifest"),
        ({"other": b""}, "manifest"),
        ({"big": bytes(2 << 20)}, "larger"),
    ],
)
async def test_broken_bundle_is_refused_and_leaves_nothing(
    entries: dict[str, bytes], reason: str, tmp_path: Path
) -> None:
    """A bundle that is not what it should be is refused, and no file of it stays."""
    broken = archive(entries)
    bundles = Store(broken).cache(tmp_path)

    with pytest.raises(BundleInvalid, match=reason):
        async with bundles.use(broken[0]):
            pass

    assert list((tmp_path / "bundles").iterdir()) == []


async def test_bundle_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Bytes that do not have the hash that was asked for are refused."""
    bundles = Store(("ab" * 32, GOOD[1])).cache(tmp_path)

    with pytest.raises(BundleInvalid, match="not those that its name promises"):
        async with bundles.use("ab" * 32):
            pass


async def test_oldest_bundle_makes_room_but_not_one_in_use(tmp_path: Path) -> None:
    """A full cache gives up what was not used for longest, and never what is in use."""
    others = [bundle([(bytes(1000), str(number).encode())], limits=limits()) for number in range(3)]
    bundles = Store(*others).cache(tmp_path, max_bytes=2500)

    async with bundles.use(others[0][0]) as used:
        for digest, _ in others[1:]:
            async with bundles.use(digest):
                pass

        assert used.path.is_dir()
        assert {path.name for path in (tmp_path / "bundles").iterdir()} == {others[0][0], others[2][0]}


async def test_what_a_lost_worker_left_half_done_is_removed(tmp_path: Path) -> None:
    """Archives and half unpacked bundles of an earlier process do not stay in the cache."""
    (tmp_path / "bundles" / "a.new").mkdir(parents=True)
    (tmp_path / "bundles" / "b.zip").touch()

    Store().cache(tmp_path)

    assert list((tmp_path / "bundles").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../../etc", "g" * 64, "AB" * 32])
async def test_digest_is_no_path(digest: str, tmp_path: Path) -> None:
    """What is no hash in lower case is no bundle's name."""
    bundles = Store().cache(tmp_path)

    with pytest.raises(BundleInvalid):
        async with bundles.use(digest):
            pass
