"""What a worker ran since it last told the server."""

from __future__ import annotations

from kenning_lego.core.deployment_records import Frame, FrameOutputs
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.deployment_results import rows_to_bytes
from kenning_lego.protocols.worker_messages import Happened, Report
from kenning_lego.servers.deployments.recent import RecentOutputs

REPORT_INTERVAL_S = 0.25
_MOST_FRAMES = 8192
"""In one report; likewise tensors, each of which is a frame of the message."""
UNASKED = 0
"""The id of a message that answers nothing."""


class FrameLog:
    """Gathers frames, outputs and events until they are reported.

    Args:
        first_frame: number of the first frame.
        first_configuration: number of the first configuration.
        keep_outputs_bytes: of the latest outputs that are kept; 0 keeps none.
    """

    def __init__(self, first_frame: int, first_configuration: int, keep_outputs_bytes: int) -> None:
        self.next_frame = first_frame
        self._next_configuration = first_configuration
        self._known: dict[tuple[str, ...], int] = {}
        self._new: dict[int, tuple[str, ...]] = {}
        self._frames: list[Frame] = []
        self._happened: list[Happened] = []
        self._outputs = RecentOutputs(keep_outputs_bytes)
        self.finished = False

    def ran(
        self,
        stages: tuple[str, ...],
        begin_ns: int,
        duration_ns: int,
        lateness_ns: int,
        outputs: tuple[bytes, ...],
    ) -> None:
        """Note the next frame and what ran it."""
        number = self._known.get(stages)
        if number is None:
            number = self._known[stages] = self._next_configuration
            self._new[number] = stages
            self._next_configuration += 1
        self._frames.append(Frame(self.next_frame, begin_ns, duration_ns, lateness_ns, number))
        if outputs:
            self._outputs.append(FrameOutputs(self.next_frame, outputs))
        self.next_frame += 1

    @property
    def is_full(self) -> bool:
        """Whether a message should not have to carry more."""
        return len(self._frames) >= _MOST_FRAMES or self._outputs.tensors >= _MOST_FRAMES

    def note(self, happened: Happened) -> None:
        """Note an event."""
        self._happened.append(happened)

    def take(self, held_bytes: int, missed: int) -> Envelope:
        """All that was noted since the last call, as a message."""
        outputs = self._outputs.take()
        report = Report(
            self._new,
            tuple(self._happened),
            held_bytes,
            missed,
            tuple(each.frame for each in outputs),
            self.finished,
        )
        tensors = tuple(tensor for each in outputs for tensor in each.tensors)
        rows = rows_to_bytes(self._frames)
        self._new, self._frames, self._happened = {}, [], []
        return Envelope(UNASKED, report, (rows, *tensors))
