"""Taking what a worker reports into the record, if it fits what is there."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.core.deployment_records import Frame, FrameOutputs
from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.offers import Offer
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.deployment_results import rows_of
from kenning_lego.protocols.worker_messages import Report
from kenning_lego.servers.deployments.record import Record
from kenning_lego.servers.deployments.wording import happened_in_words


def take_in(
    record: Record, report: Report, payload: Sequence[PayloadFrame], offer: Offer
) -> tuple[Frame, ...]:
    """Take frames, outputs and events into the record; the frames.

    Raises:
        ProtocolError: the frames do not follow those before, or the payload does not fit.
    """
    if not payload:
        raise ProtocolError("a report without frames' rows")
    frames = rows_of(payload[0])
    _check(record, frames, report)
    outputs = _outputs(report, payload[1:])
    record.add_frames(payload[0], report.configurations)
    record.add_outputs(outputs)
    for each in report.happened:
        text = happened_in_words(each, offer)
        record.note(
            each.kind, "worker", text, at_ns=each.at_ns, frame=each.frame, figures=each.figures
        )
    return frames


def _check(record: Record, frames: Sequence[Frame], report: Report) -> None:
    for number, frame in enumerate(frames, record.next_frame):
        known = frame.configuration in report.configurations
        if frame.number != number or not (known or record.stages(frame.configuration)):
            raise ProtocolError(f"frame {number} was reported as {frame}")


def _outputs(report: Report, tensors: Sequence[PayloadFrame]) -> list[FrameOutputs]:
    count = len(report.outputs)
    if len(tensors) % count if count else tensors:
        raise ProtocolError(f"{len(tensors)} tensors of outputs for {count} frames")
    each = len(tensors) // count if count else 0
    return [
        FrameOutputs(frame, tuple(bytes(t) for t in tensors[at * each : (at + 1) * each]))
        for at, frame in enumerate(report.outputs)
    ]
