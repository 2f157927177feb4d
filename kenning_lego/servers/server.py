"""The target's server: sockets, worker and store around the session's state machine."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import zmq

from kenning_lego import __version__
from kenning_lego.core.errors import AddressError, KenningLegoError, ProtocolError
from kenning_lego.protocols import dialogue
from kenning_lego.protocols.addresses import is_ipv6, is_loopback, normalise, parse
from kenning_lego.protocols.authorised import AuthorisedFile
from kenning_lego.protocols.codec import (
    Envelope,
    Frame,
    decode,
    encode,
    pack_numbers,
    request_id,
)
from kenning_lego.protocols.curve import secure_server
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.frames import receive_rest, send_frames
from kenning_lego.protocols.keys import KeyPair, load_key
from kenning_lego.protocols.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Event,
    Hello,
    Measuring,
    Ok,
)
from kenning_lego.protocols.results import (
    Welcome,
    pack_observation,
    pack_telemetry,
    read_composed,
)
from kenning_lego.protocols.session import Session
from kenning_lego.servers.admission import Admission
from kenning_lego.servers.deployments.kept import has_kept
from kenning_lego.servers.journal import JournalFile
from kenning_lego.servers.options import ServerOptions
from kenning_lego.servers.peers import PeerWatch
from kenning_lego.servers.readiness import Readiness
from kenning_lego.servers.supervisor import WORKER_COMMAND, WorkerProcess
from kenning_lego.servers.telemetry import Sampler
from kenning_lego.servers.uploads import UploadDesk
from kenning_lego.store.artifacts import ArtifactStore

if TYPE_CHECKING:
    from kenning_lego.servers.deployments.desk import DeploymentDesk
    from kenning_lego.servers.kenning_port import KenningPort

MAX_FRAME_BYTES = 64 << 20
"""Larger frames make ZeroMQ drop the connection."""

MAX_QUEUED_MESSAGES = 256
"""Of one peer, in each direction; a peer that reads no answers is dropped beyond that."""

CAPABILITIES = (
    "acknowledge",
    "deployments",
    "footprint",
    "load_test",
    "observe",
    "plan",
    "queue",
    "resume",
    "switch",
    "telemetry",
)

WATCH_INTERVAL_S = 0.1
"""How often a worker is looked at."""

MESSAGES_AT_ONCE = 16
"""Taken before anybody else has a turn."""

TICK_INTERVAL_S = 1.0
"""How often the session is told that time goes by."""

log = logging.getLogger("kenning_lego.server")


class TargetServer:
    """Listens at an address and serves one host at a time.

    Raises:
        AddressError: the address cannot be bound, or is reachable from other machines.
    """

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        extra = ("--log-json",) if options.log_json else ()
        self._worker_command = (*WORKER_COMMAND, *extra, "--offers", options.offers.to_json())
        self._store = ArtifactStore(options.store, options.store_bytes)
        self._uploads = UploadDesk(self._store)
        self._desk: DeploymentDesk | None = None
        self._session = Session(options.lease_timeout_s)
        self._sampler = Sampler(options.telemetry_interval_s)
        self._worker: WorkerProcess | None = None
        self._journal = JournalFile()
        self._stopping = False
        self._ticked = self._look_at = 0.0
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        for option, value in {
            zmq.LINGER: 200,
            zmq.ROUTER_MANDATORY: 1,
            zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
            zmq.RCVHWM: MAX_QUEUED_MESSAGES,
            zmq.SNDHWM: MAX_QUEUED_MESSAGES,
            zmq.HANDSHAKE_IVL: 5_000,
            zmq.HEARTBEAT_IVL: 2_000,
            zmq.HEARTBEAT_TIMEOUT: 8_000,
            zmq.IPV6: is_ipv6(options.address),
        }.items():
            self._router.setsockopt(option, value)
        self._peers = PeerWatch(self._router)
        self._readiness = Readiness()
        self._readiness.watch(self._router.FD, lambda: None)  # the loop looks there by itself
        self._readiness.watch(self._peers.monitor.FD, self._drop_lost_peers)
        self._admission: Admission | None = None
        self._kenning: KenningPort | None = None
        self.fingerprint = ""
        try:
            if options.key:
                self._secure(load_key(options.key, options.keys), options.keys)
            self.address = self._bind(options.address)
            if options.kenning_tcp is not None:
                self._kenning = self._open_to_kenning(options.kenning_tcp)
            if options.budget_socket or has_kept(options.store):
                self._open_desk()
        except KenningLegoError:
            self._close_sockets()
            raise

    @property
    def kenning_address(self) -> str | None:
        """``HOST:PORT`` where Kenning's hosts are served, if they are."""
        return self._kenning.address if self._kenning else None

    def _open_to_kenning(self, address: str) -> KenningPort:
        # Imported only where it is wanted, since it takes memory.
        from kenning_lego.servers.kenning_port import KenningPort

        options = self._options
        port = KenningPort(
            address,
            self._store,
            self._handle,
            threads=options.kenning_threads,
            open_to_all=options.kenning_tcp_open,
        )
        self._readiness.watch(port.fileno(), lambda: port.serve(time.monotonic()))
        return port

    def _secure(self, own: KeyPair, keys: Path) -> None:
        self._admission = Admission(self._context, AuthorisedFile(keys))
        self._readiness.watch(self._admission.socket.FD, self._admission.answer)
        secure_server(self._router, own)
        self.fingerprint = f"{own.name} {own.shareable.fingerprint}"

    def _bind(self, address: str) -> str:
        host, port = parse(address)
        if not is_loopback(host) and self._admission is None:
            raise AddressError(
                f"{address} would be reachable from other machines, and this server has no key",
                "`kenning-lego keys make NAME`, then serve with --key NAME; or bind "
                f"tcp://127.0.0.1:{port} and reach it through ssh -L {port}:127.0.0.1:{port} BOARD",
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
            self._readiness.watch(woken.fileno(), lambda: None)
            before = {
                number: signal.signal(number, self._on_signal)
                for number in (signal.SIGTERM, signal.SIGINT)
            }
            previous = signal.set_wakeup_fd(wake.fileno())
            try:
                on_ready()
                if self._desk:
                    self._desk.restore(start=self._options.deployments)
                self._loop()
            finally:
                signal.set_wakeup_fd(previous)
                for number, handler in before.items():
                    signal.signal(number, handler)
                self._stop_worker()
                if self._desk:
                    self._desk.close()
                self._journal.forget()
                self._uploads.suspend()
                self._close_sockets()

    def _close_sockets(self) -> None:
        self._readiness.close()
        if self._kenning:
            self._kenning.close()
        self._peers.close()
        if self._admission:
            self._admission.close()
        self._context.destroy(linger=200)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _loop(self) -> None:
        while not self._stopping:
            more = self._receive_some()
            now = time.monotonic()
            if now >= self._look_at:
                self._look_at = self._look_after(now)
            if self._kenning:
                self._kenning.look(now)
            self._readiness.wait(0.0 if more else max(0.0, self._look_at - now))

    def _receive_some(self) -> bool:
        """Take the messages that wait; whether there may be more.

        To be asked before any sleep, since sending to a ZeroMQ socket may swallow the news that
        its descriptor tells.
        """
        for _ in range(MESSAGES_AT_ONCE):
            if not int(self._router.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
                return False
            self._receive()
        return True

    def _look_after(self, now: float) -> float:
        """Do what is due by the clock; when something will be again, or new work will need it."""
        self._sampler.tick(now, self._worker_pid)
        if self._worker and self._worker.busy:
            self._watch_worker(self._worker, now)
        if now - self._ticked >= TICK_INTERVAL_S:
            self._ticked = now
            self._handle(dialogue.Tick())
        interval_s = WATCH_INTERVAL_S if self._worker else TICK_INTERVAL_S
        wait_s = min(interval_s, self._sampler.wait_s(now))
        return now + (min(wait_s, self._desk.tick(now)) if self._desk else wait_s)

    @property
    def _worker_pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    def _drop_lost_peers(self) -> None:
        for peer in self._peers.lost():
            self._handle(dialogue.PeerLost(peer))

    def _receive(self) -> None:
        first = self._router.recv(copy=False)
        frames = receive_rest(self._router)
        # Before the message: it may come from another host that took a lost one's identity.
        self._drop_lost_peers()
        if not self._peers.saw(first):
            return
        peer = first.bytes
        try:
            event: dialogue.SessionEvent = dialogue.Received(peer, self._decode(first, frames))
        except ProtocolError as error:
            log.warning("refused a message: %s", error)
            event = dialogue.Malformed(peer, request_id(frames), error)
        self._handle(event)

    def _decode(self, first: zmq.Frame, frames: Sequence[Frame]) -> Envelope:
        envelope = decode(frames)
        if self._admission and isinstance(envelope.message, Hello):
            # Whatever it calls itself, others are told the name that its key is known by.
            name = str(first.get("User-Id"))
            return replace(envelope, message=replace(envelope.message, name=name))
        return envelope

    # The worker

    def _hear_worker(self, worker: WorkerProcess) -> None:
        """Pass on what the worker has sent."""
        try:
            answers = worker.channel.drain()
            for envelope in answers:
                if worker is not self._worker:
                    break  # what it answered before made the session end it
                self._note_answer(worker, envelope)
                self._handle(dialogue.WorkerAnswered(envelope))
        except ProtocolError as error:
            worker.kill(f"talked nonsense: {error}")
            self._worker_is_gone()
            return
        if worker is self._worker and worker.channel.closed_by_peer:
            self._worker_is_gone()

    def _note_answer(self, worker: WorkerProcess, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Event):
            worker.progressed(envelope.id, time.monotonic())
            return
        worker.ended(envelope.id)
        if isinstance(message, Ok) and "spec" in message.result:
            worker.adopt_tensors(read_composed(Fields(dict(message.result), "COMPOSE")).spec)

    def _watch_worker(self, worker: WorkerProcess, now: float) -> None:
        reason = worker.watch(now)
        if reason:
            worker.kill(reason)
            self._worker_is_gone()

    def _worker_is_gone(self) -> None:
        reason = self._stop_worker()
        log.error("the worker died: %s", reason)
        self._handle(dialogue.WorkerExited(reason))

    def _to_worker(self, envelope: Envelope) -> dialogue.SessionEvent | None:
        if self._worker is None:
            try:
                self._worker = WorkerProcess(
                    self._options.store,
                    self._options.limits,
                    command=self._worker_command,
                    journal=self._journal.fileno(),
                )
            except OSError as error:
                return dialogue.WorkerExited(f"it cannot be started: {error.strerror}")
            worker = self._worker
            self._look_at = 0.0
            self._readiness.watch(worker.channel.fileno(), lambda: self._hear_worker(worker))
            log.info("started worker %d; %s", self._worker.pid, self._worker.memory_limit)
        message = envelope.message
        try:
            self._worker.send(envelope)
        except OSError:
            return dialogue.WorkerExited(self._stop_worker())
        if not isinstance(message, Cancel):
            plan_s = message.plan.max_seconds if isinstance(message, Measuring) else None
            self._worker.began(envelope.id, message.kind.name, time.monotonic(), plan_s)
        return None

    def _stop_worker(self) -> str:
        worker, self._worker = self._worker, None
        if worker is None:
            return ""
        self._readiness.forget(worker.channel.fileno())
        reason = worker.stop()
        log.info("worker %d ended: %s", worker.pid, reason)
        return reason

    # What the session decides

    def _handle(self, event: dialogue.SessionEvent) -> None:
        """Let the session decide, and carry out what it decides, with what comes of it."""
        outcomes = []
        for action in self._session.handle(event, time.monotonic()):
            outcome = self._carry_out(action)
            if outcome is not None:
                outcomes.append(outcome)
        for outcome in outcomes:
            self._handle(outcome)

    def _carry_out(self, action: dialogue.Action) -> dialogue.SessionEvent | None:
        match action:
            case dialogue.Send(peer, envelope):
                return self._send(peer, envelope)
            case dialogue.ToWorker(envelope):
                return self._to_worker(envelope)
            case dialogue.WriteInputs(frames):
                if self._worker and self._worker.tensors:
                    self._worker.tensors.write_inputs(frames)
            case dialogue.SendOutputs(peer, request, message):
                tensors = self._worker.tensors if self._worker else None
                payload = tensors.read_outputs() if tensors else ()
                return self._send(peer, Envelope(request, message, payload))
            case dialogue.WriteUpload(piece):
                return self._uploads.write(piece)
            case dialogue.OpenUpload(digest, size, keep):
                return self._uploads.open(digest, size, keep)
            case dialogue.SuspendUpload():
                self._uploads.suspend()
            case dialogue.StopWorker():
                self._stop_worker()
                self._journal.forget()
            case dialogue.SendWelcome(peer, request):
                # Its sensors take a while to import, and a server is to be up at once.
                from kenning_lego.servers.environment import describe

                offers = self._options.offers
                described = describe(runtimes=offers.runtimes)
                described = replace(described, delegates=tuple(offers.delegates))
                welcome = Welcome(PROTOCOL_VERSION, __version__, CAPABILITIES, described)
                return self._send(peer, Envelope(request, Ok(welcome.to_result())))
            case other:
                return self._carry_out_sampling(other)
        return None

    def _carry_out_sampling(self, action: dialogue.Action) -> dialogue.SessionEvent | None:
        match action:
            case dialogue.ForDeployments(peer, envelope):
                self._for_deployments(peer, envelope)
            case dialogue.StartSampling():
                self._sampler.start(time.monotonic())
                self._look_at = 0.0
            case dialogue.StopSampling():
                self._sampler.stop()
            case dialogue.SendTelemetry(peer, request):
                telemetry = self._sampler.telemetry(time.monotonic(), self._worker_pid)
                columns = (telemetry.times_s, *telemetry.columns.values())
                payload = tuple(map(pack_numbers, columns))
                return self._send(peer, Envelope(request, Ok(pack_telemetry(telemetry)), payload))
            case dialogue.SendObservation(peer, request, observation):
                self._sampler.show(time.monotonic())
                self._look_at = 0.0
                observation = replace(
                    observation,
                    latest=self._sampler.latest,
                    deployments=self._desk.statuses() if self._desk else (),
                )
                return self._send(peer, Envelope(request, Ok(pack_observation(observation))))
        return None

    # Deployments

    def _open_desk(self) -> DeploymentDesk:
        # Imported only where there are any, since it takes memory and time.
        from kenning_lego.servers.deployments.opening import open_desk

        if self._desk is None:
            self._desk = open_desk(
                self._options, self._store, self._readiness, self._deployments_run
            )
        return self._desk

    def _for_deployments(self, peer: bytes, request: Envelope) -> None:
        from kenning_lego.servers.deployments.requests import carry_out

        carry_out(self._open_desk(), request, partial(self._deployments_answered, peer))
        self._look_at = 0.0

    def _deployments_answered(self, peer: bytes, answer: Envelope) -> None:
        self._handle(dialogue.DeploymentsAnswered(peer, answer))

    def _deployments_run(self, names: tuple[str, ...]) -> None:
        self._look_at = 0.0
        self._handle(dialogue.DeploymentsRun(names))

    def _send(self, peer: bytes, envelope: Envelope) -> dialogue.SessionEvent | None:
        if self._kenning and self._kenning.owns(peer):
            self._kenning.deliver(peer, envelope)
            return None
        try:
            send_frames(self._router, peer, *encode(envelope))
        except zmq.ZMQError as error:
            # Unreachable, or so slow that its queue is full: either way it is lost to us.
            log.info("a host is gone: %s", error.strerror)
            return dialogue.PeerLost(peer)
        return None
