"""Generate everything that follows from the protos; `--check` says when a committed file is stale.

Written: `proto/gen/` (messages, stubs and their types), `services/gateway/descriptors.binpb` (the descriptor set that
Envoy transcodes with) and `services/gateway/openapi.json` (the description of what the local gateway serves).
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grpc_tools import _protoc_compiler  # type: ignore[import-untyped]

PROTO = Path(__file__).parent
ROOT = PROTO.parent
GENERATED = Path("proto/gen")
DESCRIPTORS = Path("services/gateway/descriptors.binpb")
DESCRIPTION = Path("services/gateway/openapi.json")
MANIFESTS = ROOT / "manifests" / "local"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="change nothing; exit with 1 when a file is stale")
    if arguments.parse_args().check:
        sys.exit(check())
    generate(ROOT)


def check() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(fresh)
        stale = sorted(differences(fresh / GENERATED, ROOT / GENERATED))
        stale += [str(name) for name in (DESCRIPTORS, DESCRIPTION) if not same(fresh / name, ROOT / name)]
    for name in stale:
        print(f"stale: {name}", file=sys.stderr)
    if stale:
        print("Run `make gen` and commit what it changes.", file=sys.stderr)
    return 1 if stale else 0


def differences(fresh: Path, committed: Path) -> set[str]:
    """Names of files that are missing, left over or different."""
    names = {
        str(path.relative_to(tree))
        for tree in (fresh, committed)
        for path in tree.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return {name for name in names if not same(fresh / name, committed / name)}


def same(left: Path, right: Path) -> bool:
    return left.exists() and right.exists() and left.read_bytes() == right.read_bytes()


def generate(root: Path) -> None:
    output = root / GENERATED
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (root / DESCRIPTORS).parent.mkdir(parents=True, exist_ok=True)
    protos = sources(PROTO, "judgemesh") + sources(PROTO / "third_party", "buf", "envoyproxy")
    protoc(f"--python_out={output}", f"--mypy_out=quiet:{output}", *protos)
    services = [name for name in protos if name.endswith(("_service.proto", "external_auth.proto"))]
    if services:
        protoc(f"--grpc_python_out={output}", f"--mypy_grpc_out=quiet,only_async:{output}", *services)
    described = [*sources(PROTO, "judgemesh"), "google/rpc/error_details.proto"]
    protoc("--include_imports", f"--descriptor_set_out={root / DESCRIPTORS}", *described)
    describe(described, root / DESCRIPTION)


def describe(protos: list[str], output: Path) -> None:
    """Comments are for the description alone: what Envoy gets stays small."""
    with tempfile.TemporaryDirectory() as scratch:
        commented = Path(scratch) / "commented.binpb"
        protoc("--include_imports", "--include_source_info", f"--descriptor_set_out={commented}", *protos)
        # A process of its own: it imports what was generated just now.
        command = [sys.executable, "-m", "services.gateway", str(commented), str(MANIFESTS), str(output)]
        subprocess.run(command, cwd=ROOT, check=True)


def sources(root: Path, *folders: str) -> list[str]:
    return sorted(str(path.relative_to(root)) for folder in folders for path in (root / folder).rglob("*.proto"))


def protoc(*arguments: str) -> None:
    paths = [f"-I{PROTO}", f"-I{PROTO / 'third_party'}", f"-I{well_known_types()}"]
    plugins = [
        f"--plugin={name}={Path(sys.executable).parent / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
    ]
    code = _protoc_compiler.run_main([word.encode() for word in ("protoc", *paths, *plugins, *arguments)])
    if code:
        sys.exit(code)


def well_known_types() -> Path:
    return Path(_protoc_compiler.__file__).parent / "_proto"


if __name__ == "__main__":
    main()
