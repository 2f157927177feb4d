"""The target's server: sockets, worker and store around the session's state machine."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import zmq

from kenning_lego import __version__
from kenning_lego.core.errors import AddressError, KenningLegoError, ProtocolError
from kenning_lego.protocols import session as dialogue
from kenning_lego.protocols.addresses import is_ipv6, is_loopback, normalise, parse
from kenning_lego.protocols.codec import Envelope, decode, encode, request_id
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Ok, Welcome, read_composed
from kenning_lego.servers.environment import describe
from kenning_lego.servers.supervisor import WorkerProcess
from kenning_lego.store.artifacts import ArtifactStore, Upload

MAX_FRAME_BYTES = 256 << 20
"""Larger frames make ZeroMQ drop the connection."""

log = logging.getLogger("kenning_lego.server")


class TargetServer:
    """Listens at an address and serves one host at a time.

    Args:
        address: ``tcp://HOST:PORT`` on the loopback interface; port 0 takes a free one.
        store: directory for artifacts; made if need be.

    Raises:
        AddressError: the address cannot be bound, or is reachable from other machines.
    """

    def __init__(self, address: str, store: Path) -> None:
        self._store = ArtifactStore(store)
        self._session = dialogue.Session()
        self._worker: WorkerProcess | None = None
        self._upload: Upload | None = None
        self._stopping = False
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        for option, value in {
            zmq.LINGER: 200,
            zmq.ROUTER_MANDATORY: 1,
            zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
            zmq.HANDSHAKE_IVL: 5_000,
            zmq.HEARTBEAT_IVL: 2_000,
            zmq.HEARTBEAT_TIMEOUT: 8_000,
            zmq.IPV6: is_ipv6(address),
        }.items():
            self._router.setsockopt(option, value)
        try:
            self.address = self._bind(address)
        except AddressError:
            self._context.destroy(linger=0)
            raise

    def _bind(self, address: str) -> str:
        host, port = parse(address)
        if not is_loopback(host):
            raise AddressError(
                f"{address} would be reachable from other machines, and this server has no keys",
                f"bind tcp://127.0.0.1:{port} and reach it through a tunnel: "
                f"ssh -L {port}:127.0.0.1:{port} BOARD",
            )
        try:
            self._router.bind(normalise(address))
        except zmq.ZMQError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressError(
                    f"{address} is in use, perhaps by another server",
                    "stop that one or choose another port with --address",
                ) from error
            raise AddressError(f"cannot listen at {address}: {error.strerror}") from error
        return str(self._router.getsockopt_string(zmq.LAST_ENDPOINT))

    def serve(self, on_ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; must run in the main thread.

        Args:
            on_ready: called once the server can be reached and ends cleanly when told to.
        """
        wake, woken = socket.socketpair()
        wake.setblocking(False)
        with wake, woken:
            before = {
                number: signal.signal(number, self._on_signal)
                for number in (signal.SIGTERM, signal.SIGINT)
            }
            previous = signal.set_wakeup_fd(wake.fileno())
            try:
                on_ready()
                self._loop(woken)
            finally:
                signal.set_wakeup_fd(previous)
                for number, handler in before.items():
                    signal.signal(number, handler)
                self._stop_worker()
                self._suspend_upload()
                self._context.destroy(linger=200)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _loop(self, woken: socket.socket) -> None:
        poller = zmq.Poller()
        poller.register(self._router, zmq.POLLIN)
        poller.register(woken, zmq.POLLIN)
        watched: WorkerProcess | None = None
        while not self._stopping:
            if watched is not self._worker:
                if watched:
                    poller.unregister(watched.channel)
                watched = self._worker
                if watched:
                    poller.register(watched.channel, zmq.POLLIN)
            ready = dict(poller.poll())
            if self._router in ready:
                self._receive()
            if watched and watched is self._worker and watched.channel.fileno() in ready:
                self._hear_worker(watched)

    def _receive(self) -> None:
        peer, *frames = self._router.recv_multipart()
        try:
            event: dialogue.SessionEvent = dialogue.Received(peer, decode(frames))
        except ProtocolError as error:
            log.warning("refused a message: %s", error)
            event = dialogue.Malformed(peer, request_id(frames), error)
        self._handle(event)

    def _hear_worker(self, worker: WorkerProcess) -> None:
        try:
            while worker is self._worker and (envelope := worker.channel.poll()) is not None:
                self._adopt_tensors(worker, envelope)
                self._handle(dialogue.WorkerAnswered(envelope))
        except ProtocolError as error:
            log.error("the worker talks nonsense: %s", error)  # noqa: TRY400 - no trace needed
            self._worker_is_gone()
        if worker is self._worker and worker.channel.closed_by_peer:
            self._worker_is_gone()

    def _adopt_tensors(self, worker: WorkerProcess, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Ok) and "spec" in message.result:
            worker.adopt_tensors(read_composed(Fields(dict(message.result), "COMPOSE")).spec)

    def _worker_is_gone(self) -> None:
        reason = self._stop_worker()
        log.error("the worker died: %s", reason)
        self._handle(dialogue.WorkerExited(reason))

    def _handle(self, event: dialogue.SessionEvent) -> None:
        """Let the session decide, and carry out what it decides, with what comes of it."""
        events = deque([event])
        while events:
            actions = self._session.handle(events.popleft(), time.monotonic())
            for action in actions:
                outcome = self._carry_out(action)
                if outcome is not None:
                    events.append(outcome)

    def _carry_out(self, action: dialogue.Action) -> dialogue.SessionEvent | None:
        match action:
            case dialogue.Send(peer, envelope):
                return self._send(peer, envelope)
            case dialogue.SendWelcome(peer, request):
                welcome = Welcome(__version__, describe())
                return self._send(peer, Envelope(request, Ok(welcome.to_result())))
            case dialogue.SendOutputs(peer, request, message):
                outputs = self._worker.tensors if self._worker else None
                payload = outputs.read_outputs() if outputs else ()
                return self._send(peer, Envelope(request, message, payload))
            case dialogue.WriteInputs(frames):
                if self._worker and self._worker.tensors:
                    self._worker.tensors.write_inputs(frames)
            case dialogue.ToWorker(envelope):
                return self._to_worker(envelope)
            case dialogue.StopWorker():
                self._stop_worker()
            case dialogue.OpenUpload(digest, size):
                return self._open_upload(digest, size)
            case dialogue.WriteUpload(piece):
                return self._write_upload(memoryview(piece))
            case dialogue.SuspendUpload():
                self._suspend_upload()
        return None

    def _send(self, peer: bytes, envelope: Envelope) -> dialogue.SessionEvent | None:
        try:
            self._router.send_multipart([peer, *encode(envelope)], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            # Unreachable, or so slow that its queue is full: either way it is lost to us.
            log.info("a host is gone: %s", error.strerror)
            return dialogue.PeerLost(peer)
        return None

    def _to_worker(self, envelope: Envelope) -> dialogue.SessionEvent | None:
        if self._worker is None:
            self._worker = WorkerProcess(self._store.root)
            log.info("started worker %d", self._worker.pid)
        try:
            self._worker.send(envelope)
        except OSError:
            return dialogue.WorkerExited(self._stop_worker())
        return None

    def _stop_worker(self) -> str:
        worker, self._worker = self._worker, None
        if worker is None:
            return ""
        reason = worker.stop()
        log.info("worker %d ended: %s", worker.pid, reason)
        return reason

    def _open_upload(self, digest: str, size: int) -> dialogue.SessionEvent:
        try:
            if self._store.holds(digest):
                return dialogue.UploadAt(size, held=True)
            self._upload = self._store.receive(digest, size)
            return self._upload_state()
        except KenningLegoError as error:
            self._suspend_upload()
            return dialogue.UploadFailed(error)

    def _write_upload(self, piece: memoryview) -> dialogue.SessionEvent | None:
        if self._upload is None:
            return None
        try:
            self._upload.append(piece)
            return self._upload_state()
        except KenningLegoError as error:
            self._suspend_upload()
            return dialogue.UploadFailed(error)

    def _upload_state(self) -> dialogue.UploadAt:
        upload = self._upload
        if upload is None:
            raise ProtocolError("no upload is open")
        if upload.offset < upload.size:
            return dialogue.UploadAt(upload.offset)
        self._upload = None
        upload.finish()
        log.info("holds artifact %s of %d bytes", upload.digest[:12], upload.size)
        return dialogue.UploadAt(upload.size, held=True)

    def _suspend_upload(self) -> None:
        upload, self._upload = self._upload, None
        if upload:
            try:
                upload.suspend()
            except KenningLegoError as error:
                log.warning("%s", error)
