"""What a run has used: from its control group where there is one, else from its processes one by one."""

from services.execution.worker.sandbox.cgroup import Cgroup
from services.execution.worker.sandbox.process_tree import Usage, resident_bytes, shared_once_bytes
from services.execution.worker.sandbox.run import RunLimits


class Ledger:
    """The account of one run."""

    def __init__(self, cgroup: Cgroup | None, limits: RunLimits) -> None:
        """Open it, just before the fork; the group gets the run's limits. Raises OSError."""
        self._cgroup = cgroup
        self._limits = limits
        if cgroup is not None:
            # Output is in the group too, until it is handed on.
            cgroup.limit(limits.memory_bytes + limits.output_bytes + limits.error_bytes, limits.processes)
            self._memory_before, self._launcher_before = cgroup.memory(), resident_bytes()
            self._cpu_before = cgroup.cpu_seconds()

    def memory_bytes(self, usage: Usage) -> int:
        """What all processes have in memory now, what they share counted once.

        A single process counts with all it has mapped, pages of files included.
        """
        if self._cgroup is not None:
            grown = resident_bytes() - self._launcher_before
            return max(usage.largest_bytes, self._cgroup.memory().bytes - self._memory_before.bytes - grown)
        if usage.processes < 2 or usage.memory_bytes <= self._limits.memory_bytes:
            return usage.memory_bytes
        try:
            return max(usage.largest_bytes, shared_once_bytes())
        except OSError:
            return usage.memory_bytes

    def cpu_seconds(self, of_processes: float) -> float:
        """CPU time of all processes, those too of which nobody has told: given what their parents know."""
        if self._cgroup is None:
            return of_processes
        return max(of_processes, self._cgroup.cpu_seconds() - self._cpu_before)

    def was_refused_memory(self) -> bool:
        """Whether the kernel ended a process of the run for want of memory."""
        return self._cgroup is not None and self._cgroup.memory().kills > self._memory_before.kills
