"""The host's socket: knows at once when the target is not there, or is there no more."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence

import zmq

from kenning_lego.core.errors import TargetLostError, TargetUnreachableError
from kenning_lego.protocols.addresses import is_ipv6
from kenning_lego.protocols.codec import Frame
from kenning_lego.protocols.curve import handshake_error, secure_client
from kenning_lego.protocols.frames import receive_frames, send_frames
from kenning_lego.protocols.keys import KeyPair, PublicKey
from kenning_lego.protocols.monitor import pending, read_event

MAX_FRAME_BYTES = 256 << 20
_LOOK_INTERVAL_MS = 200
"""While nothing arrives, how often to look whether the target is still there."""

PROMPT_NS = 300_000
"""Answers that come within this time are waited for without sleeping."""

_UP = zmq.EVENT_HANDSHAKE_SUCCEEDED
_REFUSED = zmq.EVENT_CLOSED | zmq.EVENT_CONNECT_RETRIED
_DOWN = (
    zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


class Connection:
    """A connection to one target.

    Args:
        address: ``tcp://HOST:PORT``.
        timeout_s: how long to wait until it stands.
        own: our key, if the target wants one.
        server: the target's public key.

    Raises:
        TargetUnreachableError: nothing that speaks ZeroMQ answers at the address.
    """

    def __init__(
        self,
        address: str,
        timeout_s: float,
        own: KeyPair | None = None,
        server: PublicKey | None = None,
    ) -> None:
        self.address = address
        self._own = own
        self.alive = False
        self._prompt = False
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in {
            zmq.LINGER: 200,
            zmq.IMMEDIATE: 1,
            zmq.RCVTIMEO: _LOOK_INTERVAL_MS,
            zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
            zmq.HEARTBEAT_IVL: 1_000,
            zmq.HEARTBEAT_TIMEOUT: 5_000,
            zmq.HANDSHAKE_IVL: max(1, int(timeout_s * 1000)),
            # A session ends with its connection: a target that comes back knows nothing of it.
            zmq.RECONNECT_IVL: -1,
            zmq.IPV6: is_ipv6(address),
        }.items():
            self._socket.setsockopt(option, value)
        if own and server:
            secure_client(self._socket, own, server)
        self._monitor = self._socket.get_monitor_socket(_UP | _REFUSED | _DOWN)
        try:
            self._establish(timeout_s)
        except BaseException:
            self.close()
            raise

    def _establish(self, timeout_s: float) -> None:
        try:
            self._socket.connect(self.address)
        except zmq.ZMQError as error:
            raise TargetUnreachableError(
                f"cannot reach a target at {self.address}: {error.strerror}",
                "check the address",
            ) from error
        deadline = time.monotonic() + timeout_s
        while (found := self._next_event(deadline)) is not None:
            event, value = found
            if event & _UP:
                self.alive = True
                return
            if event & _DOWN:
                raise handshake_error(self.address, event, value, self._own)
            if event & _REFUSED:
                raise TargetUnreachableError(
                    f"nothing listens at {self.address}",
                    "start the target there with `kenning-lego serve`, or check the address",
                )
        raise TargetUnreachableError(
            f"no target answers at {self.address} within {timeout_s:g} s",
            "check the address, the network and the firewall",
        )

    def _next_event(self, deadline: float) -> tuple[int, int] | None:
        if not self._monitor.poll(_ms_until(deadline)):
            return None
        return read_event(self._monitor)

    def send(self, frames: Sequence[Frame]) -> None:
        """Send a message.

        Raises:
            TargetLostError: the target is gone.
        """
        try:
            send_frames(self._socket, *frames)
        except zmq.Again as error:
            raise self._lost() from error

    def has_message(self) -> bool:
        """Whether a message lies ready to be received."""
        return bool(int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def receive(self, deadline: float) -> list[bytes] | None:
        """The next message; None if none comes until about `deadline` on the monotonic clock.

        Raises:
            TargetLostError: the target is gone.
        """
        begin = time.perf_counter_ns()
        if self._prompt:
            self._await_briefly(begin + PROMPT_NS)
        while True:
            # Waiting in the socket's own call is quicker than polling it and the monitor.
            try:
                frames = receive_frames(self._socket)
            except zmq.Again:
                self._check_alive()
                if time.monotonic() >= deadline:
                    return None
            else:
                self._prompt = time.perf_counter_ns() - begin < PROMPT_NS
                return frames

    def _await_briefly(self, until_ns: int) -> None:
        """Wait awake while the last answer was prompt: to be woken takes as long as the answer.

        It must be yielding, since the target or the socket's own thread may need this core.
        """
        while not int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            if time.perf_counter_ns() >= until_ns:
                return
            os.sched_yield()

    def close(self) -> None:
        """Close the connection; messages just sent get a moment to leave. May be called again."""
        self.alive = False
        if self._socket.closed:
            return
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close()
        self._context.term()

    def _check_alive(self) -> None:
        while pending(self._monitor):
            if read_event(self._monitor)[0] & (_DOWN | _REFUSED):
                self.alive = False
        if not self.alive:
            raise self._lost()

    def _lost(self) -> TargetLostError:
        self.alive = False
        return TargetLostError(
            f"the target at {self.address} went away",
            "see why in its terminal, start it again with `kenning-lego serve` and repeat the "
            "command: finished steps are kept in the workspace",
        )


def _ms_until(deadline: float) -> int:
    return max(0, math.ceil((deadline - time.monotonic()) * 1000))
