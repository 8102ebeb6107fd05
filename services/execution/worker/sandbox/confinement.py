"""What a forked child takes away from itself before it becomes the program."""

import contextlib
import math
import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from services.execution.worker.sandbox import landlock, libc, seccomp, syscalls
from services.execution.worker.sandbox.cgroup import Cgroup
from services.execution.worker.sandbox.process_tree import descendants
from services.execution.worker.sandbox.rulebook import Rulebook
from services.execution.worker.sandbox.run import RunLimits

_FIRST, _LAUNCHER_LAST = b"1000", b"500"
_RESERVABLE = 1 << 40

PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds for every run of a slot; made by :func:`confinement`."""

    user: int | None
    """The user and group that a run becomes; None where the launcher is not root, and runs keep its user."""
    landlock_version: int
    """The version of Landlock to use; 0: none."""
    rulebook: Rulebook | None = None
    """The rules of that version; None without Landlock."""
    scratch: str = ""
    """The slot's directory that runs see as /tmp and /dev/shm; empty where there are no namespaces."""
    cgroup: Cgroup | None = None
    """The slot's control group, where there is one."""

    @property
    def signals_confined(self) -> bool:
        """Whether the kernel itself keeps a run from signalling processes that are not its own."""
        return self.user is not None or self.landlock_version >= 6

    def prepare_launcher(self) -> None:
        """Put on the launcher, once, what its runs inherit and it can live with itself: it saves them the time."""
        _limit(resource.RLIMIT_CORE, 0)
        # The stack counts as memory. Unlimited by itself: the C library gives each thread a stack of this size, and
        # only without a limit its small default.
        _limit(resource.RLIMIT_STACK, resource.RLIM_INFINITY)
        _limit(resource.RLIMIT_MEMLOCK, 0)
        _limit(resource.RLIMIT_MSGQUEUE, 0)
        _prefer_to_be_killed("self", _LAUNCHER_LAST if self.cgroup else _FIRST)
        libc.set_no_new_privileges()
        seccomp.Filter(seccomp.confine_run(syscalls.machine())).install()

    def prefer_to_be_killed(self) -> None:
        """In the launcher, before a run can have filled its group: whatever runs goes before the launcher."""
        if self.cgroup is not None:
            for pid in descendants(os.getpid()):
                _prefer_to_be_killed(pid, _FIRST)

    def limits(self, limits: RunLimits) -> list[tuple[int, tuple[int, int]]]:
        """The resource limits of a run, for :meth:`apply`."""
        seconds = math.ceil(limits.cpu_seconds)
        # Counted over all processes of the user: exact where a slot has its own; otherwise a backstop with room for
        # the user's others, behind the launcher's own count.
        processes = limits.processes + (0 if self.user is not None else 1024)
        return [
            # The backstop of our own accounting: it takes part in no verdict.
            _bounded(resource.RLIMIT_CPU, seconds + 2, seconds + 3),
            # Far above the limit, so that going over it is seen in the memory really used. A refused allocation would
            # leave no trace: what a program makes of it is anything from a crash to an endless loop. What is reserved
            # in pieces touches a page of each, so that it counts long before this.
            _bounded(resource.RLIMIT_DATA, _RESERVABLE),
            _bounded(resource.RLIMIT_FSIZE, limits.file_bytes),
            _bounded(resource.RLIMIT_NOFILE, limits.open_files),
            _bounded(resource.RLIMIT_NPROC, processes),
        ]

    def apply(self, limits: list[tuple[int, tuple[int, int]]], rules: landlock.Ruleset | None) -> None:
        """Give up, in the child, everything that the program must not have. Raises OSError."""
        if rules is not None:
            rules.allow_own_process()
        for kind, values in limits:
            resource.setrlimit(kind, values)
        if self.user is not None:
            os.setgroups([])
            os.setresgid(self.user, self.user, self.user)
            os.setresuid(self.user, self.user, self.user)
        else:
            # Behind the launcher, which has to count and to end what multiplies: without a user of their own hundreds
            # of processes get far before they are counted, and with equal rank in a container with half a core they
            # would leave it nothing to end them with. With one, their number is exact: there they rank as everybody
            # does, lest a busy machine makes a program wait until it is too slow by the clock.
            os.setpriority(os.PRIO_PROCESS, 0, seccomp.LAST_RANK)
        if not self.scratch:  # else the launcher is the first of its namespace, of which all end with it
            libc.die_with_parent(signal.SIGKILL)
        if rules is not None:
            rules.restrict_self()
        if self.user is None:
            only = None if self.signals_confined else os.getpid()
            seccomp.Filter(seccomp.protect_owner(syscalls.machine(), only)).install()


def confinement(
    *, user: int | None, landlock_version: int, readable: Sequence[str], scratch: str, cgroup: Cgroup | None
) -> Confinement:
    """How the runs of this process are confined, with `readable` besides the machine's toolchains."""
    return Confinement(
        user=user,
        landlock_version=landlock_version,
        rulebook=Rulebook(landlock_version, readable, scratch) if landlock_version else None,
        scratch=scratch,
        cgroup=cgroup,
    )


def _prefer_to_be_killed(process: int | str, score: bytes) -> None:
    """If memory runs out all the same, the kernel takes the program (or us, which it can spare), not the worker."""
    with contextlib.suppress(OSError):
        descriptor = os.open(f"/proc/{process}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        os.write(descriptor, score)
        os.close(descriptor)


def _bounded(kind: int, soft: int, hard: int | None = None) -> tuple[int, tuple[int, int]]:
    """A limit, or the one that is lower already: only root could raise it."""
    ceiling = resource.getrlimit(kind)[1]
    hard = soft if hard is None else hard
    if ceiling != resource.RLIM_INFINITY:
        hard = ceiling if hard == resource.RLIM_INFINITY else min(hard, ceiling)
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    return kind, (soft, hard)


def _limit(kind: int, value: int) -> None:
    resource.setrlimit(*_bounded(kind, value))
