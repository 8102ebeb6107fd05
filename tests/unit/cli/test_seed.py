"""The sample problems as they are imported."""

import io
import zipfile
from pathlib import Path

from services.cli.local.seed import archive, digest, packages


def test_there_are_samples() -> None:
    """A first start has at least six problems to offer."""
    assert len(packages()) >= 6


def test_archive_depends_on_contents_alone(tmp_path: Path) -> None:
    """The same contents give the same bytes whenever they were written, so that an import can be skipped."""
    folders = [tmp_path / side / "sum" for side in ("left", "right")]
    for folder in folders:
        (folder / "data" / "secret").mkdir(parents=True)
        (folder / "problem.yaml").write_text("name: Sum\n")
        (folder / "data" / "secret" / "1.in").write_text("1 2\n")
    (folders[1] / "problem.yaml").touch()
    left, right = (archive(folder) for folder in folders)

    assert digest(left) == digest(right)
    assert zipfile.ZipFile(io.BytesIO(left)).namelist() == ["sum/data/secret/1.in", "sum/problem.yaml"]
