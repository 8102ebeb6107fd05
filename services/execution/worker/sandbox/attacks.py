"""Programs that attack the sandbox from the inside, as a contestant's would: one for each of its layers.

Each ends well if the layer withstands, and else says what it could do. Words in capitals are filled in by the
self-test.
"""

PROGRAMS: dict[str, str] = {
    "rlimits": """
import os, resource
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0), "core files"
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 128, "open files"
assert resource.getrlimit(resource.RLIMIT_DATA)[0] <= 1 << 40, "memory"
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("big", "wb") as file:
        file.write(bytes(1 << 17))
    raise AssertionError("a file larger than the limit was written")
except OSError:
    pass
""",
    "no_new_privs": """
assert "NoNewPrivs:\\t1" in open("/proc/self/status").read(), "new privileges can be had"
""",
    "seccomp": """
import ctypes, os, socket
for family in (socket.AF_INET, socket.AF_UNIX, 40):
    try:
        socket.socket(family, socket.SOCK_STREAM)
        raise AssertionError(f"a socket of family {family}")
    except PermissionError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
try:
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    raise AssertionError("a socket that sends anywhere")
except PermissionError:
    pass
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, "ptrace"
assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1, "a user namespace"
assert libc.syscall(425, 1, 0) == -1 and ctypes.get_errno() == 1, "io_uring"
assert "Seccomp:\\t2" in open("/proc/self/status").read(), "no filter"
""",
    "landlock": """
import os
def refused(action, *arguments):
    try:
        action(*arguments)
    except PermissionError:
        return True
    return False
for path in ("/", "/root", "/home", "/var", "/etc", "/proc"):
    assert not os.path.exists(path) or refused(os.listdir, path), f"{path} can be listed"
# Where it is not the run's own.
assert refused(os.listdir, "/tmp") or MARK not in os.listdir("/tmp"), "/tmp can be listed"
assert refused(open, "/etc/passwd"), "/etc/passwd can be read"
assert refused(open, "/proc/1/status"), "/proc/1 can be read"
for directory in ("/tmp", "/dev/shm"):
    try:
        open(f"{directory}/{MARK}-left", "w").close()
    except OSError:
        pass
open("own", "w").close()
""",
    "signals": """
import os
try:
    os.kill(PARENT, 0)
    raise AssertionError("the worker can be signalled")
except (PermissionError, ProcessLookupError):
    pass
""",
    "namespaces": """
import os
for kind, theirs in OUTSIDE.items():
    assert os.readlink(f"/proc/self/ns/{kind}") != theirs, f"the {kind} namespace is the worker's"
assert os.uname().nodename == "judge", "the host's name"
assert os.getppid() == 1, "the processes of others have numbers here"
""",
}

SHARED_DIRECTORIES = ("/tmp", "/dev/shm")  # noqa: S108 what an attack tries to write to
"""Where everybody may write, if nothing stands in the way."""

USER = """
import os
assert os.getresuid() == os.getresgid() == (USER,) * 3, "user"
assert not set(os.getgroups()) - {USER}, "groups"
"""

HIDDEN_MEMORY = """
import os, socket, time
for _ in range(12):
    if os.fork() == 0:
        kept = []
        try:
            while True:
                kept.append(socket.socketpair())
                for end in kept[-1]:
                    end.setblocking(False)
                    try:
                        while True: end.send(bytes(65536))
                    except BlockingIOError:
                        pass
        except OSError:
            time.sleep(3)
time.sleep(1)
"""
"""Fills buffers of the kernel, that no process has in its own memory: more than a control group of 32 MiB takes."""

FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
