"""A Kubernetes cluster for trying and testing: kind where Docker runs, otherwise one node without it.

python -m tests.cluster up              start it; prints where its kubeconfig is
python -m tests.cluster down [--wipe]   stop it; with --wipe forget its state (kind always does)
python -m tests.cluster load FILE…      make images of archives (docker save, buildah push) known to it
python -m tests.cluster kubeconfig      print the path of its kubeconfig
python -m tests.cluster images [NAME…]  build the project's images, and load them
python -m tests.cluster reproduce NAME…  build images twice, and compare them (minutes)
python -m tests.cluster build           build the node's programs alone (long, once)
python -m tests.cluster usage [NAMESPACE]  print what its pods use within a minute
python -m tests.cluster possible        say what it would miss on this machine; exit code 1 then
"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.cluster import images, kind, node, places, programs, reproduce, usage


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "build", "kubeconfig", "possible"):
        commands.add_parser(name)
    commands.add_parser("down").add_argument("--wipe", action="store_true")
    commands.add_parser("load").add_argument("files", nargs="+", type=Path)
    commands.add_parser("images").add_argument("names", nargs="*", choices=[*images.ALL, []])
    commands.add_parser("reproduce").add_argument("names", nargs="+", choices=list(images.OWN))
    used = commands.add_parser("usage")
    used.add_argument("namespace", nargs="?", default="judgemesh")
    used.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args(arguments)
    try:
        _do(options)
    except reproduce.Differs as error:
        print(error, file=sys.stderr)
        return 1
    except (node.Unavailable, programs.Missing, images.CannotBuild) as error:
        print(f"\n*** No cluster: {error}\n", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\n*** {error}\n{(error.stderr or b'').decode(errors='replace')}", file=sys.stderr)
        return 1
    return 0


def _do(options: argparse.Namespace) -> None:
    commands: dict[str, Callable[[], object]] = {
        "up": _up,
        "down": lambda: kind.down() if kind.runs() else node.down(wipe=options.wipe),
        "load": lambda: load(options.files),
        "images": lambda: load(images.build(options.names or list(images.ALL))),
        "kubeconfig": lambda: print(kubeconfig()),
        "usage": lambda: print(usage.table(usage.measure(kubeconfig(), options.namespace, options.seconds))),
        "reproduce": lambda: [print(name, reproduce.digest(name)) for name in options.names],
        "possible": _possible,
        "build": _build,
    }
    commands[options.command]()


def _build() -> None:
    if kind.usable():
        return
    for name in (*programs.NODE, *programs.MODULES, *programs.PACKAGES):
        programs.path(name)


def _up() -> None:
    if kind.usable():
        kind.up()
    else:
        node.up()
    programs.path("helm")
    print(f"export KUBECONFIG={kubeconfig()}")


def _possible() -> None:
    """Raises Unavailable or CannotBuild where something is missing that `build` and `up` do not bring."""
    if kind.usable():
        return
    if reason := node.obstacle():
        raise node.Unavailable(reason)
    images.require_tools()


def kubeconfig() -> Path:
    return kind.KUBECONFIG if kind.runs() else places.KUBECONFIG


def load(files: Sequence[Path]) -> None:
    kind.load(files) if kind.runs() else node.load(files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
