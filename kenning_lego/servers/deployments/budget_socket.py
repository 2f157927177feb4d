"""Budgets from programs on the target: a Unix socket that takes one JSON object a line.

Each line is answered by one: ``{"ok": true}``, or ``{"ok": false, "problem": ..., "remedy": ...}``.
Whoever may open the socket may set budgets: it is made for this user alone (mode 0600).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.errors import AddressError, KenningLegoError
from kenning_lego.servers.deployments.budget_text import MAX_BYTES, parse_budgets
from kenning_lego.servers.readiness import Readiness

MAX_CLIENTS = 16

OnBudgets = Callable[[Mapping[str, Bounds]], None]


class BudgetSocket:
    """Listens for budgets within the server's loop.

    Args:
        path: of the socket; one that a server that is gone left there is replaced.
        readiness: of the loop.
        on_budgets: given the bounds by deployment that a line names.

    Raises:
        AddressError: nothing can be bound there, or another server listens there.
    """

    def __init__(self, path: Path, readiness: Readiness, on_budgets: OnBudgets) -> None:
        self._path = path
        self._readiness = readiness
        self._on_budgets = on_budgets
        self._clients: dict[socket.socket, bytearray] = {}
        self._socket = _listen(path)
        readiness.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Listen no more, and remove the socket."""
        for client in list(self._clients):
            self._drop(client)
        self._readiness.forget(self._socket.fileno())
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            client, _ = self._socket.accept()
        except OSError:
            return  # it has gone again
        if len(self._clients) == MAX_CLIENTS:
            client.close()
            return
        client.setblocking(False)
        self._clients[client] = bytearray()
        self._readiness.watch(client.fileno(), lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        try:
            piece = client.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        pending = self._clients[client]
        pending += piece
        if not piece or len(pending) > MAX_BYTES:
            self._drop(client)
            return
        *lines, rest = pending.split(b"\n")
        pending[:] = rest
        for line in lines:
            if line.strip() and not self._answer(client, bytes(line)):
                self._drop(client)
                return

    def _answer(self, client: socket.socket, line: bytes) -> bool:
        """Take a line and answer it; whether the client took the answer."""
        answer: dict[str, object] = {"ok": True}
        try:
            self._on_budgets(parse_budgets(line, "the line"))
        except KenningLegoError as error:
            answer = {"ok": False, "problem": error.problem, "remedy": error.remedy}
        try:
            return client.send(json.dumps(answer).encode() + b"\n") > 0
        except OSError:  # it reads no answers, or is gone
            return False

    def _drop(self, client: socket.socket) -> None:
        self._readiness.forget(client.fileno())
        del self._clients[client]
        client.close()


def _listen(path: Path) -> socket.socket:
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            listening.bind(os.fspath(path))
        finally:
            os.umask(before)
        listening.listen(MAX_CLIENTS)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise AddressError(
            f"no budget socket can be made at {path}: {error.strerror or error}",
            "name a path in a directory of yours with --budget-socket, of at most 100 characters",
        ) from error
    return listening


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens at."""
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(os.fspath(path))
            except ConnectionRefusedError:
                path.unlink()
