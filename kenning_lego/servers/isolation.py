"""What a process that runs foreign models does to itself before it loads any."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def isolate(out_of_memory_score: int) -> None:
    """Make sure that foreign models in this process harm as little as can be.

    Args:
        out_of_memory_score: 0 to 1000; of two processes, the kernel ends the higher first.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    # A model that hangs inside the engine would otherwise outlive a killed server.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # No way through sudo, which asks for no password on some boards.
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _volunteer_when_out_of_memory(Path("/proc/self/oom_score_adj"), out_of_memory_score)
    os.umask(0o077)
    os.chdir("/")  # names in artifacts are not looked up where the server was started


def _volunteer_when_out_of_memory(file: Path, score: int) -> None:
    """Let the kernel end this process before the server when the machine is out of memory."""
    with contextlib.suppress(OSError):  # read-only in some containers; nothing depends on it
        if int(file.read_text()) < score:
            file.write_text(str(score))
