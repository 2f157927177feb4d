"""Memory limits by control group and by watching; groups stand in a directory of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kenning_lego.servers.control_group import (
    SERVER_LEAF,
    WORKER_PREFIX,
    ControlGroup,
    make_group,
    memory_left,
    own_group,
)
from kenning_lego.servers.limits_config import available_memory
from kenning_lego.servers.memory_guard import (
    GroupGuard,
    ResidentGuard,
    guard_memory,
)

MOUNT = "42 32 0:39 {top} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
ROOT_MOUNT = "30 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
WORKER = 4242


class Machine:
    """A directory that looks like a machine whose cgroup v2 the server is in."""

    def __init__(self, root: Path, *, group: str = "/lego.service", top: str = "/") -> None:
        self.root = root
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/self/cgroup").write_text(f"1:name=systemd:/x\n0::{group}\n")
        (root / "proc/self/mountinfo").write_text(ROOT_MOUNT + MOUNT.format(top=top))
        self.own = root / "sys/fs/cgroup" / group.removeprefix(top).lstrip("/")
        self.own.mkdir(parents=True)
        self.write("cgroup.controllers", "cpu memory pids")
        self.write("cgroup.subtree_control", "")
        self.write("cgroup.procs", f"{os.getpid()}\n")
        # The kernel would fill new groups with these.
        self.prepare(self.own / SERVER_LEAF, "cgroup.procs")

    def write(self, name: str, text: str) -> None:
        (self.own / name).write_text(text)

    def prepare(self, group: Path, *names: str) -> Path:
        group.mkdir()
        for name in names:
            (group / name).write_text("")
        return group

    def prepare_worker(self, *more: str) -> Path:
        names = ("cgroup.procs", "memory.max", "memory.oom.group", *more)
        return self.prepare(self.own / f"{WORKER_PREFIX}{WORKER}", *names)


def test_server_moves_into_a_leaf_before_it_makes_groups(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    group = make_group(WORKER, tmp_path)
    assert (machine.own / SERVER_LEAF / "cgroup.procs").read_text() == str(os.getpid())
    assert (machine.own / "cgroup.subtree_control").read_text() == "+memory"
    assert group.path == machine.own / f"{WORKER_PREFIX}{WORKER}"
    assert group.path.is_dir()


def test_server_in_its_leaf_makes_groups_beside_it(tmp_path: Path) -> None:
    machine = Machine(tmp_path, group=f"/lego.service/{SERVER_LEAF}")
    machine.write("cgroup.controllers", "")  # of the leaf
    assert make_group(WORKER, tmp_path).path.parent == machine.own.parent


def test_groups_of_killed_servers_are_removed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    stale = machine.own / f"{WORKER_PREFIX}17"
    stale.mkdir()
    make_group(WORKER, tmp_path)
    assert not stale.exists()


def test_group_that_others_share_is_left_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.write("cgroup.procs", f"{os.getpid()}\n1\n")
    with pytest.raises(OSError, match="other processes share"):
        make_group(WORKER, tmp_path)
    assert (machine.own / SERVER_LEAF / "cgroup.procs").read_text() == ""
    assert (machine.own / "cgroup.subtree_control").read_text() == ""


def test_without_a_memory_controller_no_group_is_made(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.write("cgroup.controllers", "cpu pids")
    with pytest.raises(OSError, match="no memory controller"):
        make_group(WORKER, tmp_path)


def test_own_group_is_found_below_a_mount_of_part_of_the_tree(tmp_path: Path) -> None:
    Machine(tmp_path, group="/docker/ab/lego", top="/docker/ab")
    assert own_group(tmp_path) == tmp_path / "sys/fs/cgroup/lego"


@pytest.mark.parametrize("group", ["/../outside", "/elsewhere"])
def test_group_out_of_sight_is_not_used(tmp_path: Path, group: str) -> None:
    Machine(tmp_path, group="/docker/ab/lego", top="/docker/ab")
    (tmp_path / "proc/self/cgroup").write_text(f"0::{group}\n")
    with pytest.raises(OSError, match="cgroup v2"):
        own_group(tmp_path)


def test_group_guard_sets_the_limit_and_moves_the_worker(tmp_path: Path) -> None:
    path = Machine(tmp_path).prepare_worker("memory.swap.max")
    guard = guard_memory(WORKER, 512_000_000, tmp_path)
    assert isinstance(guard, GroupGuard)
    assert "512 MB" in guard.description
    written = {each.name: each.read_text() for each in path.iterdir()}
    assert written == {
        "cgroup.procs": str(WORKER),
        "memory.max": "512000000",
        "memory.oom.group": "1",
        "memory.swap.max": "0",
    }


def test_group_guard_tells_what_the_kernel_killed_for(tmp_path: Path) -> None:
    path = Machine(tmp_path).prepare_worker()
    guard = guard_memory(WORKER, 512_000_000, tmp_path)
    assert guard.exceeded() is None
    (path / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 0\n")
    assert guard.why_killed() is None
    (path / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n")
    assert guard.why_killed() == guard.exceeded() == "exceeded its memory limit of 512 MB"


def test_removing_a_group_kills_what_is_left_in_it(tmp_path: Path) -> None:
    group = ControlGroup(tmp_path / "worker")
    group.path.mkdir()
    (group.path / "cgroup.kill").write_text("")
    group.remove()  # a plain directory with a file stays; it must not wait for ever
    assert (group.path / "cgroup.kill").read_text() == "1"
    (group.path / "cgroup.kill").unlink()
    group.remove()
    assert not group.path.exists()
    group.remove()


@contextmanager
def bystander() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has memory by now
        yield process.pid
        process.kill()


def test_group_that_cannot_be_limited_is_removed_and_the_worker_watched(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with bystander() as pid:  # the new group stays without files, as without the controller
        guard = guard_memory(pid, 512_000_000, tmp_path)
        assert isinstance(guard, ResidentGuard)
        assert "memory.max" in guard.description
        guard.close()
    assert not list(machine.own.glob(f"{WORKER_PREFIX}*"))


def test_watch_sees_the_memory_of_the_process() -> None:
    with bystander() as pid:
        guard = ResidentGuard(pid, 1_000_000, "none here")
        assert guard.used_bytes() > 1_000_000
        assert guard.exceeded() == "exceeded its memory limit of 1 MB"
        assert guard.why_killed() is None
        assert guard.description == "watched for 1 MB; no control group: none here"
        guard.close()
        generous = ResidentGuard(pid, 10**12, "none here")
        assert generous.exceeded() is None
        generous.close()


def test_watch_of_a_process_that_is_gone_finds_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process:
        guard = ResidentGuard(process.pid, 1, "none here")
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert guard.used_bytes() == 0  # a zombie
    assert guard.used_bytes() == 0
    assert guard.exceeded() is None
    guard.close()


def test_name_of_a_process_does_not_hide_its_memory() -> None:
    script = (
        "import ctypes; ctypes.CDLL(None).prctl(15, b'\\nVmRSS: 0 kB', 0, 0, 0)\n"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        guard = ResidentGuard(process.pid, 1, "none here")
        assert guard.used_bytes() > 1_000_000
        guard.close()
        process.kill()


def test_available_memory_is_what_the_groups_above_leave(tmp_path: Path) -> None:
    machine = Machine(tmp_path, group="/slice/lego.service")
    machine.write("memory.max", "max\n")
    machine.write("memory.current", "7000\n")
    assert memory_left(machine.own) is None
    assert available_memory(tmp_path) > 1_000_000
    (machine.own.parent / "memory.max").write_text("10000\n")
    (machine.own.parent / "memory.current").write_text("9000\n")
    assert memory_left(machine.own) == 1000
    assert available_memory(tmp_path) == 1000


def test_available_memory_is_known_without_control_groups(tmp_path: Path) -> None:
    assert available_memory(tmp_path) > 1_000_000
