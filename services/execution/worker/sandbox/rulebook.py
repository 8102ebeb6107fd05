"""The rulesets of a slot's runs: one after the other differ little, so the last one is used again where it fits."""

import os
from collections.abc import Sequence

from services.execution.worker.sandbox import landlock
from services.execution.worker.sandbox.run import RunRequest

TOOLCHAINS = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload", "/etc/alternatives",
    "/etc/localtime", "/etc/java-17-openjdk", "/etc/java-21-openjdk", "/etc/java-25-openjdk", "/etc/python3",
    "/etc/python3.11", "/etc/python3.12", "/etc/python3.13", "/etc/ssl/openssl.cnf",
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/sys/devices/system/cpu",
)  # fmt: skip
"""What a program may read and execute: toolchains, their configuration, and facts of the machine."""
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_USES = 64


class Rulebook:
    """Makes the ruleset of each run."""

    def __init__(self, version: int, readable: Sequence[str], scratch: str) -> None:
        """`readable` besides the machine's toolchains; `scratch` is writable for every run, unless empty."""
        self._access = landlock.Access(version)
        self._scratch = scratch
        toolchains = landlock.open_paths(outermost([*TOOLCHAINS, *readable]))
        self._common = [self._access.reading(descriptor, directory=directory) for descriptor, directory in toolchains]
        self._common += [
            self._access.writing(descriptor, directory=directory)
            for descriptor, directory in landlock.open_paths(DEVICES)
        ]
        self._last: landlock.Ruleset | None = None
        self._last_places: list[tuple[int, int]] = []
        self._uses = 0

    def ruleset(self, request: RunRequest, workdir: str) -> landlock.Ruleset:
        """The rules of one run, as far as they can be made outside of it. It stays ours."""
        readable = landlock.open_paths(request.readable)
        writable = landlock.open_paths([workdir, self._scratch] if self._scratch else [workdir])
        try:
            # By what they are, not by name: a directory of the same name may be another one. What a ruleset knows is
            # kept in memory by it, so that its number is not given to another either.
            places = [_identity(descriptor) for descriptor, _ in (*readable, *writable)]
            if self._last is None or places != self._last_places or self._uses >= _USES:
                self._renew(readable, writable)
                self._last_places = places
            self._uses += 1
            assert self._last is not None
            return self._last
        finally:
            for descriptor, _ in (*readable, *writable):
                os.close(descriptor)

    def _renew(self, readable: Sequence[tuple[int, bool]], writable: Sequence[tuple[int, bool]]) -> None:
        """A new ruleset: now and then in any case, because each run adds a rule for its own process."""
        rules = [self._access.reading(descriptor, directory=directory) for descriptor, directory in readable]
        rules += [self._access.writing(descriptor, directory=directory) for descriptor, directory in writable]
        if self._last is not None:
            self._last.close()
        self._last = self._access.ruleset([*self._common, *rules])
        self._uses = 0


def outermost(paths: Sequence[str]) -> list[str]:
    """The places that these paths lead to, without those beneath another."""
    places = dict.fromkeys(os.path.realpath(path) for path in paths)
    return [place for place in places if not any(place.startswith(f"{other}/") for other in places)]


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
