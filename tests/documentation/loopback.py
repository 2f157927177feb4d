"""A loopback interface of one's own, so that default ports can be used beside other programs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# Brings `lo` up in the new namespace (<linux/sockios.h>: SIOCSIFFLAGS; <linux/if.h>: IFF_UP), then
# holds the namespace until its standard input ends.
_HOLD = """
import fcntl, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
print("up", flush=True)
sys.stdin.read()
"""


@contextmanager
def own_loopback(port: int) -> Iterator[list[str]]:
    """What to put before a command, so that it has an interface that no other program uses.

    Where the kernel allows no namespaces, commands use the machine's interface, if nobody listens
    on that port; else the test is skipped.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    unshare, nsenter = shutil.which("unshare"), shutil.which("nsenter")
    if unshare and nsenter:
        command = [unshare, *user, "--net", sys.executable, "-c", _HOLD]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as holder:
            assert holder.stdout is not None
            if holder.stdout.readline() == b"up\n":
                credentials = ["--preserve-credentials", "--user"] if user else []
                yield [nsenter, *credentials, "--net", "--target", str(holder.pid)]
                return  # closes its standard input, which ends it
    if not _is_free(port):
        pytest.skip(f"no network namespaces here, and port {port} is taken")
    yield []


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
