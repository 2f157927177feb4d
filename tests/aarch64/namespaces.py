"""Work in namespaces of its own: what it mounts, registers and starts is gone when it ends.

However it ends: the kernel kills all processes of a PID namespace with its first one, which is
killed with this process, and mounts go with the last process that sees them.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError

# <linux/sched.h>, <linux/prctl.h>
_CLONE_NEWNS = 0x0002_0000
_CLONE_NEWUSER = 0x1000_0000
_CLONE_NEWPID = 0x2000_0000
_PR_SET_PDEATHSIG = 1
_ALL_IDS = "0 0 4294967295"


def isolated(work: Callable[[], int]) -> int:
    """Run `work` as a process in user, mount and PID namespaces of its own.

    It is root there as it is here, but for devices. An interrupt from the terminal reaches it and
    what it started; this process waits until they have ended.

    Returns:
        What `work` returns, or the exit code of what it raised.

    Raises:
        ConfigurationError: this kernel, or a container around us, does not allow it.
    """
    unshared, tell = os.pipe()
    hear, mapped = os.pipe()
    child = _fork(lambda: _become_parent_of_namespace(work, tell, hear))
    os.close(tell)
    os.close(hear)
    try:
        if os.read(unshared, 1):
            for kind in ("uid", "gid"):
                Path(f"/proc/{child}/{kind}_map").write_text(_ALL_IDS)
            os.write(mapped, b"m")
    except OSError as error:
        raise ConfigurationError(
            f"no user namespace with all users: {error.strerror}", "run it outside of a container"
        ) from error
    finally:
        os.close(unshared)
        os.close(mapped)
        code = _wait(child)
    return code


def _become_parent_of_namespace(work: Callable[[], int], tell: int, hear: int) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # to end with the work, not before
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID) != 0:
        raise ConfigurationError(
            f"no namespaces here: {os.strerror(ctypes.get_errno())}",
            "run it outside of a container",
        )
    _end_with_parent(libc)
    os.write(tell, b"u")
    os.close(tell)
    if not os.read(hear, 1):
        return 1  # it says why
    return _wait(_fork(lambda: _be_init(work, libc)))


def _be_init(work: Callable[[], int], libc: ctypes.CDLL) -> int:
    """Process 1 of its namespace: other processes' orphans become its children."""
    _end_with_parent(libc)
    return _wait(_fork(lambda: _do(work)))


def _do(work: Callable[[], int]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return work()


def _end_with_parent(libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _fork(work: Callable[[], int]) -> int:
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        code = run(lambda _: work(), ())
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run in its copy
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _wait(child: int) -> int:
    """Until `child` ends; its exit code. All other children are reaped on the way."""
    # The child gets an interrupt too; here one could come between its end and our hearing of it.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            ended, status = os.wait()
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
    finally:
        signal.signal(signal.SIGINT, before)
