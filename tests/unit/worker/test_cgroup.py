"""Where a slot's control group is made, and what is read of it: directories stand in for the kernel's."""

import time
from pathlib import Path

import pytest

from services.execution.worker.sandbox import cgroup
from services.execution.worker.sandbox.cgroup import Cgroup, CgroupMissing, own_groups

V1 = [
    "30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct",
    "31 24 0:27 /docker/1234 /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory",
    "32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
    "33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
]
V2 = ["30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"]


def test_every_controller_of_version_1_has_a_group() -> None:
    """The group is found where its hierarchy is mounted, also where the mount shows a part of it alone."""
    found = own_groups(["4:cpu,cpuacct:/", "3:memory:/docker/1234/worker", "2:pids:/a", "0::/b"], V1)

    assert found == {
        "memory": "/sys/fs/cgroup/memory/worker",
        "pids": "/sys/fs/cgroup/pids/a",
        "cpuacct": "/sys/fs/cgroup/cpu,cpuacct",
    }


def test_version_2_has_one_group_for_all() -> None:
    """Without the three controllers of version 1 the unified hierarchy is used."""
    assert own_groups(["0::/user.slice/worker.service"], V2) == {"unified": "/sys/fs/cgroup/user.slice/worker.service"}


def test_no_hierarchy_is_no_group() -> None:
    """Where no control groups are mounted, that is what is said."""
    with pytest.raises(CgroupMissing, match="no control groups"):
        own_groups(["0::/"], ["20 1 8:1 / / rw - ext4 /dev/root rw"])


def delegated(path: Path, controllers: str) -> Path:
    (path / "cgroup.controllers").write_text(controllers)
    for name in ("cgroup.subtree_control", "cgroup.procs"):
        (path / name).write_text("")
    leaf = path / "judgemesh-worker"
    leaf.mkdir()
    (leaf / "cgroup.procs").write_text("")
    return path


def test_worker_moves_into_a_leaf_of_version_2(tmp_path: Path) -> None:
    """A group with processes cannot have controlled children: the worker leaves it, then asks for the controllers."""
    path = delegated(tmp_path, "cpu memory pids")

    assert cgroup._delegated(str(path)) == str(path)
    assert (path / "judgemesh-worker" / "cgroup.procs").read_text().isdigit()
    assert (path / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert cgroup._delegated(str(path / "judgemesh-worker")) == str(path)


def test_group_without_controllers_is_no_use(tmp_path: Path) -> None:
    """A group to which nothing was delegated is told by its name."""
    with pytest.raises(CgroupMissing, match="has no memory and pids controller"):
        cgroup._delegated(str(delegated(tmp_path, "cpu")))


def test_version_2_is_read_and_limited(tmp_path: Path) -> None:
    """Anonymous and shared memory count, page cache does not; limits leave room, and swap is off."""
    texts = {
        "memory.stat": "anon 1000\nfile 7000\nshmem 200\n",
        "memory.events": "low 0\noom 3\noom_kill 2\n",
        "cpu.stat": "usage_usec 5000000\nuser_usec 1\n",
    } | dict.fromkeys(("cgroup.procs", "memory.max", "memory.swap.max", "pids.max"), "")
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    group = Cgroup({"unified": str(tmp_path)})
    group.limit(100 << 20, 64)

    assert (group.memory_bytes(), group.kills()) == (1200, 2)
    assert group.cpu_seconds() + time.process_time() == pytest.approx(5, abs=0.5)
    assert (tmp_path / "memory.max").read_text() == str(132 << 20)
    assert (tmp_path / "pids.max").read_text() == "65"
    assert (tmp_path / "memory.swap.max").read_text() == "0"


def test_version_1_is_read(tmp_path: Path) -> None:
    """The same of version 1, whose files have other names and units."""
    texts = {
        "memory.stat": "cache 9000\nrss 1000\nshmem 200\n",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
        "cpuacct.usage": "5000000000\n",
        "cgroup.procs": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    group = Cgroup(dict.fromkeys(("memory", "pids", "cpuacct"), str(tmp_path)))

    assert (group.memory_bytes(), group.kills()) == (1200, 4)
    assert group.cpu_seconds() + time.process_time() == pytest.approx(5, abs=0.5)
