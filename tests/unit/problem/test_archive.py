"""What a hostile archive may not do."""

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from services.problem.archive import MIB, ArchiveLimits, open_archive
from services.problem.errors import PackageInvalid, PackageNotZip, PackageTooLarge, PackageUnsafe

MakeZip = Callable[..., Path]
YAML = {"problem.yaml": "name: x"}


def opened(path: Path, **limits: int) -> None:
    with open_archive(path, ArchiveLimits(**limits)):
        pass


def with_entry(path: Path, info: zipfile.ZipInfo, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, content)
    return path


def test_the_package_may_be_in_a_folder_or_not(make_zip: MakeZip):
    """A package at the root and one in the only top folder have the same names; the folder's name is kept."""
    with open_archive(make_zip(YAML, "", "a.zip")) as plain, open_archive(make_zip(YAML, "hello", "b.zip")) as folder:
        found = [(plain.folder, plain.names), (folder.folder, folder.names)]

    assert found == [("", ("problem.yaml",)), ("hello", ("problem.yaml",))]


def test_what_systems_leave_behind_is_no_second_folder(make_zip: MakeZip):
    """A __MACOSX folder beside the package's folder does not hide the package."""
    with open_archive(
        make_zip({"a/problem.yaml": "", "__MACOSX/a/._problem.yaml": "", ".DS_Store": ""}, "")
    ) as archive:
        assert archive.folder == "a"


def test_a_package_without_problem_yaml_says_where_to_put_it(make_zip: MakeZip):
    """Two top folders, and no problem.yaml at the root, is an error that names the file."""
    with pytest.raises(PackageInvalid) as caught:
        opened(make_zip({"a/problem.yaml": "", "b/x": ""}, ""))

    assert caught.value.violations[0].field == "problem.yaml"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"x" * 1000])
def test_other_bytes_are_no_zip(tmp_path: Path, content: bytes):
    """Bytes that are no zip archive are refused as such."""
    path = tmp_path / "package.zip"
    path.write_bytes(content)

    with pytest.raises(PackageNotZip):
        opened(path)


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/passwd", "a//b", "./a", "C:/evil", "a\\b", "a\nb", "x" * 255, "a/" * 17]
)
def test_paths_that_lead_out_are_refused(make_zip: MakeZip, name: str):
    """Absolute paths, .. and ., backslashes, control characters, drives and overlong names make a package unsafe."""
    with pytest.raises(PackageUnsafe):
        opened(with_entry(make_zip(YAML, ""), zipfile.ZipInfo(name)))


def entry(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFBLK, stat.S_IFSOCK])
def test_special_files_are_refused(make_zip: MakeZip, kind: int):
    """An entry that is neither a file nor a folder nor a link makes a package unsafe."""
    with pytest.raises(PackageUnsafe):
        opened(with_entry(make_zip(YAML, ""), entry("data/secret/1.in", kind), b"x"))


def test_links_stand_for_files_and_folders_of_the_package(make_zip: MakeZip):
    """Their content is there once more under the link's name, whatever number of links leads to it."""
    path = make_zip({**YAML, "data/secret/a/1.in": "one"}, "pack")
    for name, target in {
        "pack/data/secret/2.in": "a/1.in",
        "pack/data/secret/3.in": "./../secret/2.in",
        "pack/data/secret/b": "a",
    }.items():
        with_entry(path, entry(name, stat.S_IFLNK), target.encode())
    with open_archive(path) as archive:
        found = {name: archive.read(name, 10) for name in archive.under("data")}

    assert found == dict.fromkeys(
        ["data/secret/2.in", "data/secret/3.in", "data/secret/a/1.in", "data/secret/b/1.in"], b"one"
    )


@pytest.mark.parametrize(
    "target",
    [
        b"/etc/passwd",
        b"/problem.yaml",
        b"../../../etc/passwd",
        b"../../problem.yaml/..",
        b"none",
        b"link",
        b"..",
        b".",
        b"\xff",
        b"x" * 5000,
    ],
)
def test_links_that_lead_nowhere_are_refused(make_zip: MakeZip, target: bytes):
    """Out of the package, to what is not there, to themselves, to a folder around them."""
    with pytest.raises(PackageUnsafe):
        opened(with_entry(make_zip(YAML, ""), entry("data/link", stat.S_IFLNK), target))


def test_links_cannot_multiply_without_end(make_zip: MakeZip):
    """A folder that is linked often counts as often; links within links to folders are not followed."""
    path = make_zip({**YAML, **{f"data/a/{number}": "" for number in range(100)}}, "")
    for number in range(10):
        with_entry(path, entry(f"data/l{number}", stat.S_IFLNK), b"a")

    with pytest.raises(PackageTooLarge):
        opened(path, entries=1000)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_there_twice_are_refused(make_zip: MakeZip):
    """Readers disagree on which of two equal names counts: a package has no such names."""
    with pytest.raises(PackageUnsafe):
        opened(with_entry(make_zip(YAML, ""), zipfile.ZipInfo("problem.yaml")))


def test_a_file_that_is_a_folder_is_refused(make_zip: MakeZip):
    """A name cannot be both."""
    with pytest.raises(PackageUnsafe):
        opened(make_zip({**YAML, "data": "x", "data/secret/1.in": "x"}, ""))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_a_bound_are_refused(make_zip: MakeZip, method: int):
    """Only stored and deflated entries can be read with bounded memory."""
    info = zipfile.ZipInfo("data/secret/1.in")
    info.compress_type = method

    with pytest.raises(PackageUnsafe):
        opened(with_entry(make_zip(YAML, ""), info))


def test_encrypted_entries_are_refused(make_zip: MakeZip):
    """Nobody here has the password."""
    path = make_zip(YAML, "")
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(PackageUnsafe):
        opened(path)


def test_a_name_that_is_not_utf8_is_refused(make_zip: MakeZip):
    """Names in other encodings have no one reading."""
    path = make_zip({**YAML, "abcd": "x"}, "")
    path.write_bytes(path.read_bytes().replace(b"abcd", b"a\xff\xfed"))

    with pytest.raises(PackageUnsafe):
        opened(path)


def test_a_bomb_is_refused_by_its_ratio(make_zip: MakeZip):
    """A large entry that was packed a thousand times smaller is a bomb."""
    with pytest.raises(PackageTooLarge):
        opened(make_zip({**YAML, "data/secret/1.in": bytes(2 * MIB)}, ""), ratio_free_bytes=MIB)


@pytest.mark.parametrize("limit", [{"entries": 1}, {"total_bytes": 10}, {"archive_bytes": 100}])
def test_too_much_is_refused(make_zip: MakeZip, limit: dict[str, int]):
    """The number of entries, all their bytes, and the archive itself are bounded."""
    with pytest.raises(PackageTooLarge):
        opened(make_zip({**YAML, "a": "x" * 100}, ""), **limit)


def test_an_entry_that_lies_about_its_size_is_not_believed(make_zip: MakeZip):
    """An entry that unpacks to more than its header says ends as an error after no more bytes than it said."""
    path = make_zip({**YAML, "data": bytes(1000)}, "")
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 1000), struct.pack("<L", 10)))
    read: list[bytes] = []

    with open_archive(path) as archive, pytest.raises((PackageInvalid, PackageTooLarge)):
        read.extend(archive.chunks("data"))

    assert len(b"".join(read)) <= 10


def test_a_huge_directory_never_reaches_memory(tmp_path: Path):
    """An end record that promises a directory of many MiB is refused before the directory is read."""
    path = tmp_path / "package.zip"
    size = 8 * MIB
    path.write_bytes(bytes(size) + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 9, 9, size, 0, 0))

    with pytest.raises(PackageTooLarge):
        opened(path)


def test_damaged_bytes_are_an_error_that_names_the_file(make_zip: MakeZip):
    """A checksum that does not fit is told with the file's name."""
    path = make_zip(YAML, "")
    content = bytearray(path.read_bytes())
    content[content.find(b"problem.yaml") + len("problem.yaml")] ^= 0xFF
    path.write_bytes(content)

    with open_archive(path) as archive, pytest.raises(PackageInvalid) as caught:
        list(archive.chunks("problem.yaml"))

    assert caught.value.violations[0].field == "problem.yaml"
