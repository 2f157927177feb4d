"""The host's side of the dialogue as a pure state machine: requests and messages in, news out.

It knows which requests are open and which bytes of an upload may be sent next. It touches no
socket, clock or file: the client sends what it returns and hands it what arrives.
"""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.errors import KenningLegoError, ProtocolError, RemoteError
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    UPLOAD_CREDITS,
    Chunk,
    Credit,
    Error,
    Event,
    Message,
    Model,
    Ok,
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request was carried out."""

    id: int
    result: Fields
    payload: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A request was not carried out."""

    id: int
    error: KenningLegoError


@dataclass(frozen=True, slots=True)
class Progressed:
    """The target tells how far a request is."""

    id: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Wanted:
    """The target takes these chunks of an upload now.

    Args:
        id: of the MODEL.
        chunks: offset and size in bytes of each, in order.
    """

    id: int
    chunks: tuple[tuple[int, int], ...]

    def envelope(self, offset: int, piece: Frame) -> Envelope:
        """The message for one of the chunks."""
        return Envelope(self.id, Chunk(offset), (piece,))


News = Answered | Refused | Progressed | Wanted


@dataclass(slots=True)
class _Upload:
    size: int
    sent: int | None = None


class HostSession:
    """One host's dialogue with one target."""

    def __init__(self) -> None:
        self._last_id = 0
        self._open: set[int] = set()
        self._uploads: dict[int, _Upload] = {}

    def request(self, message: Message, payload: tuple[Frame, ...] = ()) -> Envelope:
        """The envelope for a new request; its answer is to be expected from now on."""
        self._last_id += 1
        self._open.add(self._last_id)
        if isinstance(message, Model):
            self._uploads[self._last_id] = _Upload(message.size)
        return Envelope(self._last_id, message, payload)

    def received(self, envelope: Envelope) -> News | None:
        """What a message means; None for what belongs to no open request.

        Raises:
            ProtocolError: the target answers with something that is no answer, or wants bytes
                that do not exist.
        """
        request = envelope.id
        if request not in self._open:
            return None
        match envelope.message:
            case Ok(result):
                self._close(request)
                return Answered(request, Fields(result, "OK"), envelope.payload)
            case Event(progress):
                return Progressed(request, progress)
            case Credit(offset, chunks):
                return self._wanted(request, offset, chunks)
            case Error(code, problem, remedy):
                self._close(request)
                return Refused(request, RemoteError(code, problem, remedy))
            case other:
                raise ProtocolError(f"the target answered with {other.kind.name}")

    def _close(self, request: int) -> None:
        self._open.discard(request)
        self._uploads.pop(request, None)

    def _wanted(self, request: int, offset: int, chunks: int) -> Wanted:
        upload = self._uploads.get(request)
        if upload is None:
            raise ProtocolError("the target gives credit for a request that is no upload")
        if upload.sent is None:
            upload.sent = offset
        chunks = min(chunks, UPLOAD_CREDITS)
        if offset > upload.sent:
            raise ProtocolError(
                f"the target wants bytes from {offset} on, of which {upload.sent} were sent"
            )
        wanted = []
        while chunks and upload.sent < upload.size:
            size = min(CHUNK_BYTES, upload.size - upload.sent)
            wanted.append((upload.sent, size))
            upload.sent += size
            chunks -= 1
        return Wanted(request, tuple(wanted))
