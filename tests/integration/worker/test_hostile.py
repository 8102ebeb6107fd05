"""Hostile programs get their verdict, and the next run in the same slot is as good as ever."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.verdicts import Outcome, Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

C_HEAD = """
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
"""
TIME, MEMORY, OUTPUT, RUNTIME, ACCEPTED = (
    Verdict.TIME_LIMIT_EXCEEDED,
    Verdict.MEMORY_LIMIT_EXCEEDED,
    Verdict.OUTPUT_LIMIT_EXCEEDED,
    Verdict.RUNTIME_ERROR,
    Verdict.ACCEPTED,
)
BUNDLE = bundle([(b"1 2\n", b"3\n")], limits=limits(time=0.5, memory_mib=128, output_mib=1))
GOOD = 'int main(void) { int a, b; scanf("%d%d", &a, &b); printf("%d\\n", a + b); }'

HOSTILE: dict[str, tuple[str, set[Verdict]]] = {
    "endless loop": ("int main(void) { for (;;); }", {TIME}),
    "sleep": ("int main(void) { sleep(1000); }", {TIME}),
    "stops itself": ("int main(void) { raise(SIGSTOP); }", {TIME}),
    "ignores every signal": (
        "int main(void) { for (int s = 1; s < 65; s++) signal(s, SIG_IGN); for (;;) fork(); }",
        {TIME, RUNTIME},
    ),
    "fork bomb": ("int main(void) { for (;;) fork(); }", {TIME, RUNTIME}),
    "fork bomb with sessions": ("int main(void) { for (;;) if (fork() == 0) setsid(); }", {TIME, RUNTIME}),
    "busy grandchild of its own session": (
        "int main(void) { if (fork() == 0) { setsid(); if (fork() == 0) for (;;); _exit(0); } sleep(1000); }",
        {TIME},
    ),
    "busy children that nobody waits for": (
        ("int main(void) { signal(SIGCHLD, SIG_IGN);"
        "for (;;) if (fork() == 0) { for (volatile long i = 0; i < 60000000; i++); _exit(0); } else usleep(100000); }"),
        {TIME},
    ),
    "kills everything it can see": ("int main(void) { kill(-1, SIGKILL); for (;;); }", {TIME}),
    "memory: heap": ("int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }", {MEMORY}),
    "memory: heap in large steps": ("int main(void) { for (;;) memset(malloc(48 << 20), 1, 48 << 20); }", {MEMORY}),
    "memory: shared mapping": (
        "int main(void) { for (;;) memset(mmap(0, 1 << 20, 3, MAP_SHARED | MAP_ANON, -1, 0), 1, 1 << 20); }",
        {MEMORY},
    ),
    "memory: stack": (
        ("int f(int n) { volatile char a[65536]; memset((void*)a, n, sizeof a); return f(n + 1) + a[n & 1]; }"
        "int main(void) { return f(0); }"),
        {MEMORY},
    ),
    "memory: many processes": (
        ("int main(void) { for (int i = 0; i < 20; i++) if (fork() == 0) {"
        "memset(malloc(16 << 20), 1, 16 << 20); sleep(100); } sleep(100); }"),
        {MEMORY},
    ),
    "output flood": ("int main(void) { for (;;) puts(\"flood\"); }", {OUTPUT}),
    "endless empty lines": ("int main(void) { for (;;) putchar(10); }", {OUTPUT}),
    "error flood": (
        "int main(void) { for (int i = 0; i < 1000000; i++) fputs(\"error\\n\", stderr);" + GOOD[16:],
        {ACCEPTED},
    ),
    "huge file": (
        ("int main(void) { int f = open(\"x\", O_WRONLY | O_CREAT, 0600); static char b[1 << 20];"
        "for (;;) write(f, b, sizeof b); }"),
        {OUTPUT},
    ),
    "many files": (
        "int main(void) { char n[32]; for (int i = 0;; i++) { sprintf(n, \"%d\", i); close(creat(n, 0600)); } }",
        {OUTPUT, TIME},
    ),
    "crash": ("int main(void) { *(volatile int*)0 = 1; }", {RUNTIME}),
    "exit code": ("int main(void) { return 3; }", {RUNTIME}),
    "abort": ("int main(void) { abort(); }", {RUNTIME}),
    "i386 system call": ("int main(void) { __asm__(\"int $0x80\" : : \"a\"(20)); return 0; }", {RUNTIME}),
}  # fmt: skip

REFUSED: dict[str, str] = {
    "TCP": "socket(AF_INET, SOCK_STREAM, 0)",
    "UDP": "socket(AF_INET6, SOCK_DGRAM, 0)",
    "UNIX sockets": "socket(AF_UNIX, SOCK_STREAM, 0)",
    "vsock": "socket(40, SOCK_STREAM, 0)",
    "netlink": "socket(16, SOCK_RAW, 0)",
    "ptrace": "ptrace(PTRACE_TRACEME, 0, 0, 0)",
    "io_uring": "syscall(425, 1, 0)",
    "keyctl": "syscall(SYS_keyctl, 0, -3, 0)",
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
    "listing /": "open(\"/\", O_RDONLY | O_DIRECTORY)",
    "listing /proc": "open(\"/proc\", O_RDONLY | O_DIRECTORY)",
    "writing to its own program": "open(\"/proc/self/exe\", O_WRONLY)",
    "writing to its input": "open(\"/proc/self/fd/0\", O_RDWR)",
    "the directory above its own": "open(\"..\", O_RDONLY | O_DIRECTORY)",
    "a device": "mknod(\"device\", S_IFCHR | 0600, 0x103)",
    "more privileges": "setuid(0)",
}  # fmt: skip


async def judge_c(judge_files: JudgeFiles, source: str) -> Outcome:
    return await judge_files(BUNDLE, "c", {"program.c": (C_HEAD + source).encode()})


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_program_gets_its_verdict_and_disturbs_nothing(name: str, judge_files: JudgeFiles) -> None:
    """A hostile program gets its verdict, and an honest one after it is accepted."""
    source, expected = HOSTILE[name]

    outcome = await judge_c(judge_files, source)
    after = await judge_c(judge_files, GOOD)

    assert outcome.ruling.verdict in expected, outcome
    assert after.ruling.verdict == ACCEPTED, after


async def test_everything_outside_is_refused(judge_files: JudgeFiles) -> None:
    """Nothing that reaches beyond the run succeeds; what did is printed by its name."""
    tries = "\n".join(
        f"if (({call}) != -1) puts({name!r});".replace("'", '"') for name, call in REFUSED.items() if "'" not in name
    )

    outcome = await judge_c(judge_files, f'int main(void) {{ {tries} puts("3"); }}')

    assert outcome.ruling.verdict == ACCEPTED, outcome


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


COMPILE_ATTACKS = {
    "includes a secret": ("c", '#include "/etc/passwd"\nint main(void) { return 0; }'),
    "includes an endless device": ("c", '#include "/dev/zero"\nint main(void) { return 0; }'),
    "includes itself": ("c", '#include "program.c"\n#include "program.c"\n'),
    "template bomb": (
        "cpp",
        ("template<int N, int M> struct F { static const int v = F<N-1, M*2>::v + F<N-1, M*2+1>::v; };"
        "template<int M> struct F<0, M> { static const int v = M; }; int main() { return F<40, 1>::v; }"),
    ),
    "huge binary": ("c", "char a[1 << 30] = {1}; int main(void) { return a[0]; }"),
    "no source of the language": ("java", "class"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPILE_ATTACKS)
async def test_attack_on_the_compiler_is_a_compile_error(name: str, judge_files: JudgeFiles) -> None:
    """A source that attacks the compiler ends as COMPILE_ERROR, and shows nothing of the machine."""
    language, source = COMPILE_ATTACKS[name]
    quick = limits(time=0.5, memory_mib=128)
    quick.compilation_time.FromSeconds(5)
    quick.compilation_memory_bytes = 512 << 20

    outcome = await judge_files(
        bundle([(b"1 2\n", b"3\n")], limits=quick),
        language,
        {f"program.{'cpp' if language == 'cpp' else 'c'}": source.encode()},
    )

    assert outcome.ruling.verdict == Verdict.COMPILE_ERROR, outcome
    assert "root:" not in outcome.compiler_output
