"""The host's view of a target that runs Kenning's own server, over Kenning's wire."""

from __future__ import annotations

import json
import logging
import math
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Any

from kenning_lego.core.errors import (
    ProtocolError,
    RemoteError,
    StoreError,
    TargetLostError,
    TargetTimeoutError,
    TargetUnreachableError,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.addresses import parse
from kenning_lego.protocols.kenning_answers import ACTIONS
from kenning_lego.protocols.kenning_spec import write_spec
from kenning_lego.protocols.kenning_wire import (
    MESSAGE_BYTES,
    Bytes,
    Flags,
    Flow,
    Form,
    MessageType,
    Parser,
    Part,
    encode_all,
    encode_header,
)

KENNING_PORT = 12345
"""Where Kenning's servers listen unless they are told otherwise."""

SCHEMES: Mapping[str, Form] = {"kenning+tcp://": Form.LONG, "kenning8+tcp://": Form.SHORT}
"""How addresses name the wire: the second for targets with releases up to v0.8.2."""

PATIENCE_S = 60.0
"""How long a connected target may take for an answer."""

_READ_BYTES = 1 << 18
_MAX_SHORT_ANSWER = 1 << 16
_MAX_STATISTICS = 256 << 20

log = logging.getLogger("kenning_lego.client")


def is_kenning_address(address: str) -> bool:
    """Whether an address names a target that speaks Kenning's wire."""
    return address.startswith(tuple(SCHEMES))


def connect_kenning(
    address: str, *, timeout_s: float = 5.0, patience_s: float = PATIENCE_S
) -> KenningClient:
    """Reach a target that runs Kenning's server.

    Args:
        address: ``kenning+tcp://HOST:PORT``, or ``kenning8+tcp://`` for releases up to v0.8.2.
        timeout_s: how long to wait until it greets; a server of Kenning's that serves another
            host never does.
        patience_s: how long it may take for an answer.

    Raises:
        AddressError: the address is malformed.
        TargetUnreachableError: nothing greets there.
    """
    scheme = next((each for each in SCHEMES if address.startswith(each)), "")
    bare = address.removeprefix(scheme)
    host, port = parse(bare, KENNING_PORT)
    try:
        connection = socket.create_connection((host.strip("[]"), port), timeout_s)
    except OSError as error:
        raise TargetUnreachableError(
            f"nothing answers at {address}: {error.strerror or error}",
            "start Kenning's server there, or mind the port",
        ) from error
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        greeting = connection.recv(1)
    except OSError:
        greeting = b""
    if greeting != b"\0":
        connection.close()
        raise TargetUnreachableError(
            f"what listens at {address} does not greet as Kenning's servers do",
            "it may be serving another host, or be another program",
        )
    return KenningClient(connection, address, SCHEMES.get(scheme, Form.LONG), patience_s)


class KenningClient:
    """A target at the other end of Kenning's wire, step by step.

    Args:
        connection: to a server that has greeted; closed with the client.
        address: where it is, for people.
        form: of its headers.
        patience_s: how long it may take for an answer.
    """

    def __init__(
        self, connection: socket.socket, address: str, form: Form, patience_s: float = PATIENCE_S
    ) -> None:
        self.address = address
        self._socket = connection
        self._form = form
        self._patience = patience_s
        self._parser = Parser(form)
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._rest = b""
        self._spec: IOSpec | None = None
        self._said = ""
        """What the target has logged since the last request, which may explain a refusal."""

    def announce(self, spec: IOSpec) -> None:
        """IO_SPEC: what the model takes and gives; its batch must be bound."""
        self._spec = spec
        self._do(MessageType.IO_SPEC, write_spec(spec))

    def model(self, artifact: Path) -> None:
        """MODEL: load a file; Kenning's server keeps one model, under no name."""
        try:
            with artifact.open("rb") as file:
                self._send(self._model_messages(file, artifact.stat().st_size))
        except OSError as error:
            raise StoreError(f"cannot read {artifact}: {error.strerror}") from error
        self._check(MessageType.MODEL, self._answer(MessageType.MODEL, _MAX_SHORT_ANSWER))

    def data(self, inputs: Sequence[Bytes]) -> None:
        """DATA: the model's inputs."""
        if self._spec:
            self._spec.check_inputs(inputs)
        self._do(MessageType.DATA, inputs[0] if len(inputs) == 1 else b"".join(inputs))

    def process(self) -> int:
        """PROCESS: run once; the round trip in ns on the host's clock, all that the wire tells."""
        begin = time.perf_counter_ns()
        self._do(MessageType.PROCESS)
        return time.perf_counter_ns() - begin

    def output(self) -> list[bytes]:
        """OUTPUT: what the last PROCESS gave."""
        if self._spec is None:
            raise ProtocolError("OUTPUT before IO_SPEC", "announce the model first")
        sizes = [tensor.nbytes for tensor in self._spec.outputs]
        self._send(self._requests(MessageType.OUTPUT))
        content = self._answer(MessageType.OUTPUT, sum(sizes))
        if len(content) != sum(sizes):
            raise ProtocolError(
                f"the target gives {len(content)} bytes where the model gives {sum(sizes)}",
                "compare the IO specification with the model",
            )
        ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
        return [content[end - size : end] for size, end in zip(sizes, ends, strict=True)]

    def statistics(self) -> dict[str, list[Any]]:
        """STATS: what the target measured, by Kenning's names; ends its session."""
        self._send(self._requests(MessageType.STATS))
        content = self._answer(MessageType.STATS, _MAX_STATISTICS)
        try:
            measured = json.loads(content) if content else {}
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"statistics that are no JSON: {error}") from error
        if not isinstance(measured, dict) or not all(
            isinstance(each, list) for each in measured.values()
        ):
            raise ProtocolError("statistics that are no JSON object of arrays")
        return measured

    def target_durations_ns(self) -> tuple[int, ...]:
        """STATS: the inference times on the target's own clock; empty if it reports none."""
        durations = self.statistics().get("target_inference_step", [])
        if not all(type(s) in (int, float) and math.isfinite(s) and s >= 0 for s in durations):
            raise ProtocolError("statistics with inference times that are no durations")
        return tuple(round(seconds * 1e9) for seconds in durations)

    def close(self) -> None:
        """End the session."""
        self._socket.close()

    def __enter__(self) -> KenningClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # How it is done

    def _do(self, kind: MessageType, payload: Bytes = b"") -> None:
        self._send(self._requests(kind, payload))
        self._check(kind, self._answer(kind, _MAX_SHORT_ANSWER))

    def _check(self, kind: MessageType, answer: bytes) -> None:
        # A target on Zephyr may answer with nothing but SUCCESS.
        if answer and answer != bytes((ACTIONS[kind],)):
            raise ProtocolError(f"the target answers {kind.name} with {answer[:16].hex(' ')}")

    def _requests(self, kind: MessageType, payload: Bytes = b"") -> Iterator[bytes]:
        return encode_all(kind, Flow.REQUEST, 0, payload, form=self._form)

    def _model_messages(self, file: BufferedReader, size: int) -> Iterator[memoryview]:
        """MODEL with a file's content: all messages use the same memory."""
        head = self._form.value
        message = memoryview(bytearray(MESSAGE_BYTES))
        begin = 0
        while begin < size or not begin:
            length = min(MESSAGE_BYTES - head, size - begin)
            if file.readinto(message[head : head + length]) != length:
                raise StoreError(f"{file.name} changes while it is uploaded")
            flags = (0 if begin else Flags.FIRST) | (Flags.HAS_PAYLOAD if length else 0)
            begin += length
            if begin == size:
                flags |= Flags.LAST
            message[:head] = encode_header(
                MessageType.MODEL, Flow.REQUEST, flags, length, form=self._form
            )
            yield message[: head + length]
            if not length:
                return

    def _send(self, messages: Iterator[bytes | memoryview]) -> None:
        self._said = ""
        self._socket.settimeout(self._patience)
        for message in messages:
            try:
                self._socket.sendall(message)
            except TimeoutError:
                raise self._silent() from None
            except OSError as error:
                self._refused_meanwhile(message)
                raise TargetLostError(
                    f"the target at {self.address} has hung up: {error.strerror or error}",
                    "look at the server's terminal",
                ) from error

    def _refused_meanwhile(self, message: Bytes) -> None:
        """Raise what the target said before it hung up, if it said something."""
        part, _ = Parser(self._form).next(memoryview(message))
        if part:
            self._answer(part.header.type, _MAX_SHORT_ANSWER)

    def _answer(self, kind: MessageType, most: int) -> bytes:
        """The payload of the answer to a request.

        Raises:
            RemoteError: the target refuses.
        """
        content = bytearray()
        failed = False
        for part in self._parts():
            header = part.header
            if header.type is MessageType.LOGS:
                self._log(part)
                continue
            if header.type is not kind or header.flow not in (Flow.TRANSMISSION, Flow.ACKNOWLEDGE):
                raise ProtocolError(f"the target answers {kind.name} with {header.type.name}")
            failed = failed or bool(header.flags & Flags.FAIL)
            content += part.payload
            if len(content) > most:
                raise ProtocolError(f"the target answers {kind.name} with more than {most} bytes")
            if part.ends and (header.last or header.flow is Flow.ACKNOWLEDGE):
                break
        if failed:
            raise RemoteError(
                "kenning_fail",
                f"the target at {self.address} refuses {kind.name}"
                + (f": {self._said.strip()}" if self._said else ""),
                "" if self._said else "look at the server's terminal: this wire gives no reasons",
            )
        return bytes(content)

    def _parts(self) -> Iterator[Part]:
        deadline = time.monotonic() + self._patience
        view = memoryview(self._rest)
        while True:
            part, taken = self._parser.next(view)
            if part is not None:
                view = view[taken:]
                self._rest = bytes(view)
                yield part
                continue
            held = bytes(view)  # what is received next goes into the same memory
            piece = self._receive(deadline)
            view = memoryview(held + piece) if held else piece

    def _receive(self, deadline: float) -> memoryview:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            count = self._socket.recv_into(self._buffer)
        except TimeoutError:
            raise self._silent() from None
        except OSError as error:
            raise self._lost() from error
        if not count:
            raise self._lost()
        return self._buffer[:count]

    def _log(self, part: Part) -> None:
        log.info("the target at %s: %d bytes of its log", self.address, len(part.payload))
        lines = bytes(part.payload)
        while lines and len(self._said) < _MAX_SHORT_ANSWER:
            self._said += lines[1 : 1 + lines[0]].decode("ascii", "replace")
            lines = lines[1 + lines[0] :]

    def _silent(self) -> TargetTimeoutError:
        return TargetTimeoutError(
            f"the target at {self.address} has not answered for {self._patience:g} s",
            "its receiver may be dead, as Kenning's are after a broken message: restart it; "
            "releases up to v0.8.2 need the address kenning8+tcp://",
        )

    def _lost(self) -> TargetLostError:
        return TargetLostError(
            f"the target at {self.address} has hung up", "look at the server's terminal"
        )
