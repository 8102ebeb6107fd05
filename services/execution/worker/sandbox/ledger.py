"""What runs use: from the slot's control group where there is one, else from their processes one by one."""

from services.execution.worker.sandbox.cgroup import Cgroup
from services.execution.worker.sandbox.process_tree import Usage, resident_bytes, shared_once_bytes
from services.execution.worker.sandbox.run import RunLimits


class Ledger:
    """The accounts of a slot, one run after the other."""

    def __init__(self, cgroup: Cgroup | None) -> None:
        """Open it while nothing runs. Raises OSError."""
        self._cgroup = cgroup
        self._kills = cgroup.kills() if cgroup is not None else 0
        self._cpu_before = 0.0
        self.settle()

    def settle(self) -> None:
        """Nothing runs, and what is in memory now is the launcher's own: later runs are not charged with it."""
        if self._cgroup is not None:
            self._memory_before, self._launcher_before = self._cgroup.memory_bytes(), resident_bytes()

    def begin(self, limits: RunLimits) -> None:
        """Just before the fork of a run: the group gets its limits. Raises OSError."""
        self._limits = limits
        if self._cgroup is not None:
            # Output is in the group too, until it is handed on.
            self._cgroup.limit(limits.memory_bytes + limits.output_bytes + limits.error_bytes, limits.processes)
            self._cpu_before = self._cgroup.cpu_seconds()

    def memory_bytes(self, usage: Usage) -> int:
        """What all processes have in memory now. Where that is above the limit, what they share counts once."""
        if usage.processes < 2 or usage.memory_bytes <= self._limits.memory_bytes:
            return usage.memory_bytes
        # Never less than the largest, and never more than all one by one: the group's figures lag behind by some pages
        # for each processor.
        return min(usage.memory_bytes, max(usage.largest_bytes, self._shared_once(usage)))

    def _shared_once(self, usage: Usage) -> int:
        if self._cgroup is not None:
            grown = resident_bytes() - self._launcher_before
            return self._cgroup.memory_bytes() - self._memory_before - grown
        try:
            return shared_once_bytes()
        except OSError:
            return usage.memory_bytes

    def cpu_seconds(self, of_processes: float) -> float:
        """CPU time of all processes, those too of which nobody has told: given what their parents know."""
        if self._cgroup is None:
            return of_processes
        return max(of_processes, self._cgroup.cpu_seconds() - self._cpu_before)

    def was_refused_memory(self) -> bool:
        """Whether the kernel has ended a process for want of memory since this was last asked."""
        if self._cgroup is None:
            return False
        before, self._kills = self._kills, self._cgroup.kills()
        return self._kills > before
