"""What happens to a session and what it wants done: the events and actions of its machine."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.plans import Observation
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.messages import Message

# Events


@dataclass(frozen=True, slots=True)
class Received:
    """A peer sent a message."""

    peer: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Malformed:
    """A peer sent something that is no message."""

    peer: bytes
    id: int
    error: KenningLegoError


@dataclass(frozen=True, slots=True)
class PeerLost:
    """A peer's connection is gone."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


@dataclass(frozen=True, slots=True)
class WorkerAnswered:
    """The worker answered, or told how far it is."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class WorkerExited:
    """The worker is gone without having been asked to stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class UploadAt:
    """Bytes of the upload up to `offset` are in the store; `held` once it is whole and verified."""

    offset: int
    held: bool = False


@dataclass(frozen=True, slots=True)
class UploadFailed:
    """The store refused the upload."""

    error: KenningLegoError


@dataclass(frozen=True, slots=True)
class DeploymentsAnswered:
    """What came of a :class:`ForDeployments`."""

    peer: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class DeploymentsRun:
    """These deployments run from now on, and no others."""

    names: tuple[str, ...]


SessionEvent = (
    Received
    | Malformed
    | PeerLost
    | Tick
    | WorkerAnswered
    | WorkerExited
    | UploadAt
    | UploadFailed
    | DeploymentsAnswered
    | DeploymentsRun
)

# Actions


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a peer."""

    peer: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class SendWelcome:
    """Answer a HELLO with the target's description."""

    peer: bytes
    id: int


@dataclass(frozen=True, slots=True)
class SendObservation:
    """Answer an OBSERVE, with the sensors' newest readings if there are any."""

    peer: bytes
    id: int
    observation: Observation


@dataclass(frozen=True, slots=True)
class SendTelemetry:
    """Answer a TELEMETRY with what was sampled since the last :class:`StartSampling`."""

    peer: bytes
    id: int


@dataclass(frozen=True, slots=True)
class SendOutputs:
    """Send a message with the pipeline's outputs as payload."""

    peer: bytes
    id: int
    message: Message


@dataclass(frozen=True, slots=True)
class WriteInputs:
    """Put tensors, whose sizes have been checked, into the pipeline's inputs."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ToWorker:
    """Pass a request to the worker, which is started if there is none."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StopWorker:
    """End the worker and forget all that it holds."""


@dataclass(frozen=True, slots=True)
class StartSampling:
    """A host has the lease: sample the sensors from now on, beginning anew."""


@dataclass(frozen=True, slots=True)
class StopSampling:
    """Nobody has the lease any more: stop, and forget what was sampled."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """Begin or continue to receive an artifact; answered by UploadAt or UploadFailed.

    Args:
        digest: of the artifact.
        size: in bytes.
        keep: artifacts that must not make room for it.
    """

    digest: str
    size: int
    keep: frozenset[str]


@dataclass(frozen=True, slots=True)
class WriteUpload:
    """Append to the open upload; answered by UploadAt or UploadFailed."""

    piece: Frame


@dataclass(frozen=True, slots=True)
class SuspendUpload:
    """Close the open upload; what has arrived stays, for a later one to continue."""


@dataclass(frozen=True, slots=True)
class ForDeployments:
    """Carry out a request about deployments; answered by DeploymentsAnswered, at any time."""

    peer: bytes
    envelope: Envelope


Action = (
    Send
    | SendWelcome
    | SendObservation
    | SendTelemetry
    | SendOutputs
    | WriteInputs
    | ToWorker
    | StopWorker
    | StartSampling
    | StopSampling
    | OpenUpload
    | WriteUpload
    | SuspendUpload
    | ForDeployments
)
