"""Settings of the judge worker."""

import os
import socket
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import NoDecode

from services.common.settings import Settings
from services.execution.languages.language import load_languages
from services.execution.worker.sandbox import selftest

_MIB = 1024 * 1024
Names = Annotated[tuple[str, ...], NoDecode]
"""Names separated by commas."""


def _default_name() -> str:
    return f"{socket.gethostname().replace('.', '-')}-{os.getpid()}"


def _default_directory() -> Path:
    if home := os.environ.get("JUDGEMESH_HOME"):
        return Path(home) / "worker"
    if os.geteuid() == 0:
        return Path("/var/lib/judgemesh/worker")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "judgemesh" / "worker"


class WorkerSettings(Settings):
    worker_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")] = Field(
        default_factory=_default_name,
        description="The worker's name: its subject in NATS. By default host name and process id.",
    )
    worker_slots: int = Field(
        default_factory=lambda: len(os.sched_getaffinity(0)),
        ge=1,
        le=256,
        description="Programs that run at the same time. By default one for each core: more would disturb the timing.",
    )
    worker_directory: Path = Field(
        default_factory=_default_directory,
        description="Where bundles are cached and programs work. For a worker that is root, every directory above "
        "it must be open to other users. Two workers never share one.",
    )
    worker_languages: Names = Field(
        default=(),
        description="The languages to offer, separated by commas. Empty: every language whose compiler is installed.",
    )
    worker_cache_mib: int = Field(
        default=2048,
        ge=16,
        description="How much the cache of judging bundles may take, unpacked.",
    )
    worker_prefetch: bool = Field(
        default=True,
        description="Whether data of problems that are about to be judged is fetched before it is asked for.",
    )
    worker_compile_cache_mib: int = Field(
        default=512,
        ge=1,
        description="How much compiled programs may take, submissions and validators: the same source with the same "
        "compiler and limits is compiled once, while there is room.",
    )
    worker_bundle_mib: int = Field(
        default=2048,
        ge=1,
        description="The largest bundle that is taken, unpacked. 2 GiB: packages hold 256 MiB zipped.",
    )
    ack_wait_seconds: float = Field(
        default=15.0,
        ge=0.3,
        description="A judging of which nothing is heard for so long goes to another worker. Three heartbeats fit in.",
    )
    max_attempts: int = Field(
        default=20,
        ge=1,
        description="After so many lost workers a judging ends with JUDGE_ERROR: it may be what kills them. 20: where "
        "workers are killed every few seconds, a judging that takes as long loses several by chance.",
    )
    wall_time_factor: float = Field(default=2.0, ge=1, description="Wall time of a run, as a multiple of its CPU time.")
    wall_time_extra_seconds: float = Field(default=1.0, ge=0, description="Added to the wall time of each run.")
    sandbox_first_user: int = Field(
        default=60000,
        ge=1,
        description="For a worker that is root: the user id of the first slot's programs. The next slots have the next "
        "ones, then come those of each slot's validators, so that no two can signal each other. No account may have "
        "them.",
    )
    sandbox_required_layers: Names = Field(
        default=("rlimits", "no_new_privs", "seccomp"),
        description="Layers without which the worker refuses to start. Landlock is required too where the kernel has "
        "it, and wherever it alone keeps programs from the worker's files (a worker that is not root). "
        "`namespaces` and `cgroup` are used wherever they can be had; name them to insist on them.",
    )
    sandbox_readable: Names = Field(
        default=(), description="Further directories that programs may read: toolchains outside of /usr and /opt."
    )

    @field_validator("worker_languages", "sandbox_required_layers", "sandbox_readable", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("worker_languages")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = load_languages()
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"there is no language {', '.join(unknown)}; there are {', '.join(known)}")
        return tuple(dict.fromkeys(names))

    @field_validator("sandbox_required_layers")
    @classmethod
    def _layers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in names if name not in selftest.NAMES]:
            raise ValueError(f"there is no layer {', '.join(unknown)}; there are {', '.join(selftest.NAMES)}")
        return names

    @property
    def cache_bytes(self) -> int:
        return self.worker_cache_mib * _MIB

    @property
    def compile_cache_bytes(self) -> int:
        return self.worker_compile_cache_mib * _MIB

    @property
    def bundle_bytes(self) -> int:
        return self.worker_bundle_mib * _MIB
