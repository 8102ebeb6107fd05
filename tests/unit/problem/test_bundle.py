"""The judging bundle."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from judgemesh.judging.v1 import judging_pb2
from judgemesh.type.v1.verdict_pb2 import VERDICT_ACCEPTED
from services.problem.archive import open_archive
from services.problem.bundle import write_bundle
from services.problem.errors import PackageInvalid
from services.problem.package import read_package

Files = dict[str, str | bytes]
MakeZip = Callable[..., Path]


def bundled(package: Path, bundle: Path) -> str:
    with open_archive(package) as archive:
        return write_bundle(read_package(archive), archive, bundle, problem="problems/sum")


def test_a_bundle_holds_what_a_worker_needs(make_zip: MakeZip, tmp_path: Path, legacy: Files):
    """The manifest is first, and names each test's files and the validator's folder; the digest is of the bytes."""
    files = legacy | {
        "problem.yaml": "name: a\nvalidation: custom\nvalidator_flags: x 1\nlimits: {time_limit: 1.5, memory: 64}",
        "output_validators/check/check.py": "exit(42)",
        "output_validators/check/run": "#!/bin/sh",
    }
    digest = bundled(make_zip(files), tmp_path / "bundle.zip")

    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        manifest = judging_pb2.JudgingManifest.FromString(bundle.read("manifest.binpb"))
        content = {test.name: (bundle.read(test.input), bundle.read(test.answer)) for test in manifest.tests}
        assert bundle.namelist()[0] == "manifest.binpb"
        assert {"validator/check.py", "validator/run"} <= set(bundle.namelist())
        assert bundle.getinfo("validator/run").external_attr >> 16 == 0o755
    assert content == {"sample/1": (b"1 2\n", b"3\n"), "secret/a": (b"7 8\n", b"15\n"), "secret/b": (b"5 6\n", b"11\n")}
    assert [test.sample for test in manifest.tests] == [True, False, False]
    assert (manifest.problem, manifest.limits.time.ToTimedelta().total_seconds()) == ("problems/sum", 1.5)
    assert (manifest.output_validator.folder, list(manifest.output_validator.flags)) == ("validator", ["x", "1"])
    assert digest == hashlib.sha256((tmp_path / "bundle.zip").read_bytes()).hexdigest()


def test_a_bundle_holds_what_the_package_is_verified_with(make_zip: MakeZip, tmp_path: Path, current: Files):
    """Each program has a folder of its own, submissions first, with constants filled in; test data stays as it is."""
    files = current | {
        "problem.yaml": f"{current['problem.yaml']!s}constants: {{most: 7}}\n",
        "input_validators/check/check.py": "LIMIT = {{most}}",
        "data/secret/1.files/{{most}}.txt": "{{most}}",
        "include/default/{{most}}/lib.py": "x = {{most}} + {{other}}",
    }
    bundled(make_zip(files), tmp_path / "bundle.zip")

    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        manifest = judging_pb2.JudgingManifest.FromString(bundle.read("manifest.binpb"))
        submission, validator = manifest.verification.submissions[0], manifest.verification.input_validators[0]
        assert bundle.read(f"{validator.folder}/check.py") == b"LIMIT = 7"
        assert bundle.read(f"{manifest.tests[1].files}/{{{{most}}}}.txt") == b"{{most}}"
        assert bundle.read(f"{manifest.included[0].folder}/{{{{most}}}}/lib.py") == b"x = 7 + {{other}}"
        assert f"{submission.folder}/sum.py" in bundle.namelist()
    assert (submission.path, submission.language) == ("submissions/accepted/sum.py", "python3")
    assert (validator.path, validator.language) == ("input_validators/check", "python3")
    assert list(submission.expected) == [VERDICT_ACCEPTED]


def test_the_manifest_has_the_groups(make_zip: MakeZip, tmp_path: Path, legacy: Files):
    """As the package says them, with tests by number; what is not said is not set."""
    files = legacy | {
        "problem.yaml": "name: a\ntype: scoring\nvalidation: custom interactive multi-pass score",
        "output_validators/a.py": "",
        "data/testdata.yaml": "range: 0 100\ngrader_flags: ignore_sample",
        "data/secret/testdata.yaml": "accept_score: 50\ngrader_flags: min",
    }
    bundled(make_zip(files), tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        manifest = judging_pb2.JudgingManifest.FromString(bundle.read("manifest.binpb"))
    root, secret = manifest.groups, manifest.groups.members[1].group

    assert (manifest.scoring, manifest.interaction, manifest.max_passes) == (
        True,
        judging_pb2.INTERACTION_INTERACTIVE,
        2,
    )
    assert (root.ignore_sample, root.max_score, root.HasField("max_test_score")) == (True, 100, False)
    assert [member.test for member in secret.members] == [2, 3]
    assert (secret.name, secret.accept_score, secret.score_mode) == (
        "secret",
        50,
        judging_pb2.TestGroup.SCORE_MODE_MIN,
    )


def test_every_limit_of_the_manifest_is_set(make_zip: MakeZip, tmp_path: Path, legacy: Files):
    """A worker never has to guess a limit; only a language's own time limit may be absent."""
    bundled(make_zip(legacy), tmp_path / "bundle.zip")

    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        limits = judging_pb2.JudgingManifest.FromString(bundle.read("manifest.binpb")).limits
    always = set(limits.DESCRIPTOR.fields_by_name) - {"time_by_language"}

    assert {field.name for field, _ in limits.ListFields()} == always


def test_the_same_package_gives_the_same_bytes(make_zip: MakeZip, tmp_path: Path, legacy: Files):
    """The order and the folder in the archive do not matter; an answer's bytes do."""
    backwards = dict(reversed(legacy.items()))
    digests = [
        bundled(make_zip(legacy, name="a.zip"), tmp_path / "a"),
        bundled(make_zip(backwards, "other", name="b.zip"), tmp_path / "b"),
        bundled(make_zip(legacy | {"data/secret/a.ans": "16\n"}, name="c.zip"), tmp_path / "c"),
    ]

    assert digests[0] == digests[1] != digests[2]


def test_damaged_test_data_is_found_while_bundling(make_zip: MakeZip, tmp_path: Path, legacy: Files):
    """A checksum that does not fit ends the import with the file's name."""
    path = make_zip(legacy | {"data/secret/a.in": "some text that deflate leaves almost as it is"})
    content = bytearray(path.read_bytes())
    content[content.find(b"data/secret/a.in") + len("data/secret/a.in") + 10] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(PackageInvalid) as caught:
        bundled(path, tmp_path / "bundle.zip")

    assert caught.value.violations[0].field == "data/secret/a.in"
