"""Settings of the problem service."""

from pathlib import Path

from pydantic import Field

from services.common.settings import Settings

MIB = 1024 * 1024


class ProblemSettings(Settings):
    problem_scratch: Path | None = Field(
        default=None,
        description="The folder for packages on their way in; one for each process. Unset: one below the system's "
        "folder for temporary files.",
    )
    problem_free_bytes: int = Field(
        default=512 * MIB,
        ge=0,
        description="What must stay free on the scratch folder's disk; less, and imports are refused. 512 MiB: the "
        "database and the object store may share the disk.",
    )
    problem_package_bytes: int = Field(
        default=256 * MIB,
        ge=1,
        description="The largest package that is taken, in bytes, counted while it arrives.",
    )
    problem_upload_seconds: float = Field(
        default=300.0,
        gt=0,
        description="How long a package may take to arrive. 5 min: 256 MiB at 1 MiB/s.",
    )
    problem_imports: int = Field(
        default=16,
        ge=1,
        description="Imports under way at once, in one process. 16: what they hold on disk is bounded by it.",
    )
    problem_imports_per_user: int = Field(
        default=2,
        ge=1,
        description="Imports of one user under way at once, so that slow uploads of one don't shut out everybody.",
    )
    problem_readers: int = Field(
        default=2,
        ge=1,
        description="Packages that are read at once, each in a process of its own. 2: it is work for the CPU.",
    )
    problem_reading_seconds: float = Field(
        default=120.0,
        gt=0,
        description="How long reading a package may take, in time and in CPU time. 2 min: 1 GiB of tests takes half.",
    )
    problem_reading_bytes: int = Field(
        default=1024 * MIB,
        ge=256 * MIB,
        description="Memory (address space) of a process that reads a package. Packages are read in pieces.",
    )
    problem_storing_seconds: float = Field(
        default=120.0,
        gt=0,
        description="How long storing a judging bundle may take, tries again included where NATS is away for a moment.",
    )
    problem_quota: int = Field(
        default=20,
        ge=0,
        description="Problems that a user without the role setter may own.",
    )
    problem_quota_bytes: int = Field(
        default=1024 * MIB,
        ge=0,
        description="Judging data, in bytes, that is stored because of one user without the role setter. It counts "
        "what is in the object store, data of old revisions and of deleted problems too.",
    )
