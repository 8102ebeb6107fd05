"""Hostile programs get their verdict, and the next run in the same slot is as good as ever."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.verdicts import Outcome, Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.inspection import inspect
from tests.integration.worker.packages import bundle, limits

PROGRAMS = Path(__file__).parent / "hostile"
HOSTILE = sorted(path.name for path in PROGRAMS.iterdir() if path.suffix != ".h")
LANGUAGES = {".c": "c", ".cpp": "cpp", ".py": "python3"}
SIGNALLING = [name for name in HOSTILE if "everything" in name or "bomb" in name or "locks" in name]
"""What only the second filter confines where Landlock knows no signals."""
ROOT = Path(__file__).parents[3]
RESTRICTED = ("tests/integration/worker/inspection.py", "tests/integration/worker/restricted_run.py")
UNPRIVILEGED = 65532
HEADER = (PROGRAMS / "hostile.h").read_bytes()
BUNDLE = bundle([(b"1 2\n", b"3\n")], limits=limits(time=0.5, memory_mib=128, output_mib=1))

PAIR = "static int pair(int kind) { int ends[2]; return socketpair(AF_UNIX, kind, 0, ends) == -1 ? -1 : ends[0]; }"
REFUSED: dict[str, str] = {
    "TCP": "socket(AF_INET, SOCK_STREAM, 0)",
    "UDP": "socket(AF_INET6, SOCK_DGRAM, 0)",
    "UNIX sockets": "socket(AF_UNIX, SOCK_STREAM, 0)",
    "abstract sockets": "bind(pair(SOCK_STREAM), (void *)&(struct sockaddr_un){AF_UNIX, \"\\0x\"}, 4)",
    "datagrams to anybody": "pair(SOCK_DGRAM)",
    "raw pairs": "pair(SOCK_RAW)",
    "vsock": "socket(40, SOCK_STREAM, 0)",
    "netlink": "socket(16, SOCK_RAW, 0)",
    "ptrace": "ptrace(PTRACE_TRACEME, 0, 0, 0)",
    "io_uring": "syscall(425, 1, 0)",
    "keyctl": "syscall(SYS_keyctl, 0, -3, 0)",
    "a key": "syscall(SYS_add_key, \"user\", \"x\", \"y\", 1, -3)",
    "asynchronous input": "syscall(SYS_io_setup, 1, &(unsigned long){0})",
    "performance counters": "syscall(SYS_perf_event_open, 0, 0, -1, -1, 0)",
    "another's memory": "syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0)",
    "message queues": "syscall(SYS_mq_open, \"/x\", O_CREAT | O_RDWR, 0600, 0)",
    "semaphores": "syscall(SYS_semget, 0, 1, 01600)",
    "messages": "syscall(SYS_msgget, 0, 01600)",
    "a mount": "syscall(SYS_mount, \".\", \".\", \"tmpfs\", 0, 0)",
    "another root": "syscall(SYS_chroot, \".\")",
    "a clone with hidden flags": "syscall(435, (char[88]){0}, 88)",
    "watching directories": "syscall(SYS_inotify_add_watch, syscall(SYS_inotify_init1, 0), \"/usr\", 2)",
    "owner of a descriptor's signals": "fcntl(0, F_SETOWN, getppid())",
    "a watch on a directory": "fcntl(open(\".\", O_RDONLY), F_NOTIFY, 2)",
    "quotas": "syscall(SYS_quotactl, 0, 0, 0, 0)",
    "a better priority": "setpriority(PRIO_PROCESS, 0, -5)",
    "priority of real time": "sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){1})",
    "the processor of another": "sched_setaffinity(getppid(), 128, &(cpu_set_t){0})",
    "locked memory": "mlock(malloc(1 << 20), 1 << 20)",
    "more open files": "setrlimit(RLIMIT_NOFILE, &(struct rlimit){100000, 100000})",
    "more processes": "setrlimit(RLIMIT_NPROC, &(struct rlimit){-1, -1})",
    "bpf": "syscall(SYS_bpf, 0, 0, 0)",
    "userfaultfd": "syscall(SYS_userfaultfd, 0)",
    "memfd": "syscall(SYS_memfd_create, \"x\", 0)",
    "shared memory": "syscall(SYS_shmget, 0, 4096, 01600)",
    "a user namespace": "unshare(CLONE_NEWUSER)",
    "a namespace by clone": "syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)",
    "the limits of another process": "prlimit(getppid(), RLIMIT_NOFILE, 0, &(struct rlimit){0})",
    "a signal to its parent": "kill(getppid(), 0)",
    "reading /root": "open(\"/root/.bashrc\", O_RDONLY)",
    "reading /etc/passwd": "open(\"/etc/passwd\", O_RDONLY)",
    "reading its parent's environment": "open(\"/proc/1/environ\", O_RDONLY)",
    "reading its parent's memory": "open(\"/proc/1/mem\", O_RDONLY)",
    "reading its parent's descriptors": "open(\"/proc/1/fd\", O_RDONLY)",
    "the root of its parent": "open(\"/proc/1/root\", O_RDONLY)",
    "its parent's command line": "open(\"/proc/1/cmdline\", O_RDONLY)",
    "the worker's environment": "open(\"/proc/@WORKER@/environ\", O_RDONLY)",
    "the worker's command line": "open(\"/proc/@WORKER@/cmdline\", O_RDONLY)",
    "the bundles": "open(\"@DIRECTORY@/bundles\", O_RDONLY)",
    "the tests": "open(\"@INPUT@\", O_RDONLY)",
    "answers": "open(\"@ANSWER@\", O_RDONLY)",
    "other slots": "open(\"@DIRECTORY@/slot-validator\", O_RDONLY)",
    "other programs": "open(\"@DIRECTORY@/slot\", O_RDONLY)",
    "the kernel's log": "open(\"/dev/kmsg\", O_RDONLY)",
    "the kernel's settings": "open(\"/proc/sys/kernel/core_pattern\", O_RDONLY)",
    "control groups": "open(\"/sys/fs/cgroup\", O_RDONLY)",
    "a terminal": "open(\"/dev/tty\", O_RDWR)",
    "listing /": "open(\"/\", O_RDONLY | O_DIRECTORY)",
    "listing /proc": "open(\"/proc\", O_RDONLY | O_DIRECTORY)",
    "writing to its own program": "open(\"/proc/self/exe\", O_WRONLY)",
    "writing to its input": "open(\"/proc/self/fd/0\", O_RDWR)",
    "the directory above its own": "open(\"..\", O_RDONLY | O_DIRECTORY)",
    "a device": "mknod(\"device\", S_IFCHR | 0600, 0x103)",
    "more privileges": "setuid(0)",
}  # fmt: skip


def expected(program: Path, *, restricted: bool = False) -> set[Verdict]:
    """The verdicts that a program names in its first line, or where the sandbox has less, in its second."""
    lines = program.read_text().splitlines()
    weaker = lines[1].partition(" without namespaces and control groups: ")[2]
    return {Verdict(name) for name in (weaker if restricted and weaker else lines[0].partition(" ")[2]).split()}


@pytest.fixture(scope="session")
async def fresh(sandbox: Sandbox) -> dict[str, Any]:
    """What a program finds in the slot when nothing else ever ran there."""
    return await inspect(sandbox)


async def judge_c(judge_files: JudgeFiles, source: str) -> Outcome:
    return await judge_files(
        BUNDLE, "c", {"program.c": b'#include "hostile.h"\n' + source.encode(), "hostile.h": HEADER}
    )


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_program_gets_its_verdict_and_leaves_nothing(
    name: str, judge_files: JudgeFiles, sandbox: Sandbox, fresh: dict[str, Any]
) -> None:
    """A hostile program gets its verdict, and the next one finds the slot as if it had never run."""
    program = PROGRAMS / name

    files = {f"program{program.suffix}": program.read_bytes(), "hostile.h": HEADER}
    outcome = await judge_files(BUNDLE, LANGUAGES[program.suffix], files)
    after = await inspect(sandbox)

    assert outcome.ruling.verdict in expected(program), outcome
    assert fresh == after
    assert not list((sandbox.settings.directory / "scratch").iterdir())


@pytest.fixture(scope="session")
def restricted(worker_directory: Path) -> Iterator[Path]:
    """A directory of an unprivileged user, with the sandbox's own modules in reach of the system's Python."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; for others the tests above run like this")
    home = worker_directory / "restricted"
    for module in ("services/execution/worker/sandbox", "services/execution/worker/verdicts.py", *RESTRICTED):
        source, target = ROOT / module, home / module
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (home / "slots").mkdir()
    os.chown(home / "slots", UNPRIVILEGED, UNPRIVILEGED)
    yield home
    shutil.rmtree(home)


def run_restricted(home: Path, *arguments: str) -> Any:
    slot = home / "slots" / uuid4().hex
    answer = subprocess.run(
        ["/usr/bin/python3", "-m", "tests.integration.worker.restricted_run", str(slot), *arguments],
        env={"PYTHONPATH": str(home)}, cwd=home, check=True, capture_output=True,
        user=UNPRIVILEGED, group=UNPRIVILEGED, extra_groups=[],
    )  # fmt: skip
    return json.loads(answer.stdout)


def test_layers_hold_in_a_restricted_pod(restricted: Path) -> None:
    """An unprivileged worker lacks a control group, and namespaces only where it may make none; all else holds."""
    with_namespaces, without = run_restricted(restricted)

    assert with_namespaces in (["cgroup"], ["namespaces", "cgroup"])
    assert without == ["namespaces", "cgroup"]


@pytest.mark.parametrize(("name", "landlock"), [(name, 99) for name in HOSTILE] + [(name, 5) for name in SIGNALLING])
def test_hostile_program_in_a_restricted_pod(name: str, landlock: int, restricted: Path) -> None:
    """The same without privileges, namespaces and control groups, and on a kernel whose Landlock knows no signals."""
    program = PROGRAMS / name
    argv = ["/usr/bin/python3", str(restricted / name)] if program.suffix == ".py" else [str(restricted / program.stem)]
    if program.suffix == ".py":
        shutil.copy(program, restricted)
    else:
        compiler = {".c": "gcc", ".cpp": "g++"}[program.suffix]
        subprocess.run([compiler, "-w", "-O2", "-o", argv[-1], str(program)], check=True)

    found = run_restricted(restricted, str(landlock), *argv)

    assert Verdict(found["verdict"]) in expected(program, restricted=True), found["report"]
    assert "failed" not in found["before"]
    assert found["before"] == found["after"]


async def test_everything_outside_is_refused(judge_files: JudgeFiles, worker_directory: Path) -> None:
    """Nothing that reaches beyond the run succeeds; what did is printed by its name."""
    tests = worker_directory / "bundles" / BUNDLE[0] / "tests"
    tries = "\n".join(f"if (({call}) != -1) puts({json.dumps(name)});" for name, call in REFUSED.items())
    for word, value in {
        "@DIRECTORY@": worker_directory,
        "@WORKER@": os.getpid(),
        "@INPUT@": tests / "1.in",
        "@ANSWER@": tests / "1.ans",
    }.items():
        tries = tries.replace(word, str(value))

    outcome = await judge_c(judge_files, f'{PAIR}\nint main(void) {{ {tries} puts("3"); }}')

    assert (tests / "1.ans").exists()
    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome


async def run_python(sandbox: Sandbox, source: str) -> RunReport:
    """Run a Python program, whose output the test looks at."""
    run_limits = RunLimits(cpu_seconds=2, wall_seconds=5, memory_bytes=256 << 20, output_bytes=1 << 20)
    return await sandbox.run(RunRequest(argv=("/usr/bin/python3", "-c", source), limits=run_limits))


async def test_each_refusal_is_told_apart(sandbox: Sandbox) -> None:
    """Whatever a program does outside of its directory fails with a permission error, not by accident."""
    report = await run_python(
        sandbox,
        "import errno, os\n"
        "for path in ('/root', '/etc/shadow', '/var/log', '..'):\n"
        "  try: os.open(path, os.O_RDONLY); print('opened', path)\n"
        "  except OSError as error: print(errno.errorcode[error.errno])",
    )

    assert report.output.split() == [b"EACCES"] * 4


async def test_files_of_a_run_are_gone_in_the_next(sandbox: Sandbox) -> None:
    """Files, closed and deeply nested directories of one run do not exist for the next."""
    nest = "import os\nfor _ in range(900):\n  os.mkdir('d'); os.chdir('d')\nopen('f', 'w'); os.chmod('.', 0)\n"

    first = await run_python(sandbox, nest + "os.symlink('/etc/passwd', os.environ['TMPDIR'] + '/link')")
    second = await run_python(sandbox, "import os; print(os.listdir('.'))")

    assert first.exit_code == 0, first
    assert second.output == b"[]\n"


async def test_processes_of_a_run_are_gone_in_the_next(sandbox: Sandbox) -> None:
    """A process that outlives its parent in a session of its own is killed with the run."""
    mark = uuid4().hex
    report = await run_python(
        sandbox,
        f"'{mark}'\n"
        "import os, time\n"
        "if (child := os.fork()) == 0:\n"
        "  os.setsid()\n"
        "  if os.fork(): os._exit(0)\n"
        "  time.sleep(60)\n"
        "os.waitpid(child, 0)",
    )

    assert report.exit_code == 0
    assert not [command for command in _commands() if mark.encode() in command]


def _commands() -> Iterator[bytes]:
    """The command lines of all processes, those of other workers on this machine too."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_bytes()


async def test_environment_is_cleared(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program sees no variable of the worker's."""
    monkeypatch.setenv("JUDGEMESH_SECRET", "secret")

    report = await run_python(sandbox, "import os; print(sorted(os.environ))")

    assert report.output == b"['HOME', 'LANG', 'PATH', 'TMPDIR']\n"


async def test_no_descriptor_leaks(sandbox: Sandbox) -> None:
    """A program has its three descriptors and no other."""
    report = await run_python(
        sandbox, "import os; print([fd for fd in range(1000) if os.path.exists(f'/proc/self/fd/{fd}')])"
    )

    assert report.output == b"[0, 1, 2]\n"


async def test_cpu_time_of_a_daemonised_descendant_counts(sandbox: Sandbox) -> None:
    """CPU time that a grandchild of another session uses is charged to the run."""
    report = await run_python(
        sandbox,
        "import os, time\n"
        "if os.fork() == 0:\n"
        "  os.setsid()\n"
        "  if os.fork() == 0:\n"
        "    while True: pass\n"
        "  os._exit(0)\n"
        "time.sleep(60)",
    )

    assert report.exceeded == Limit.CPU_TIME
    assert report.cpu_seconds > 2


async def test_killed_by_own_signal(sandbox: Sandbox) -> None:
    """A signal that the program raises itself is reported as what ended it."""
    report = await run_python(sandbox, "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)")

    assert report.signal == signal.SIGUSR1
    assert report.exceeded is None
