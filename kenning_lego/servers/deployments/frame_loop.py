"""Frame after frame through a live pipeline, and what the server is told of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.worker_messages import Begin, Happened, RunPipeline, Steer
from kenning_lego.runtimes.base import Arrays
from kenning_lego.servers.deployments.frame_log import REPORT_INTERVAL_S, FrameLog
from kenning_lego.servers.deployments.pacing import Pace
from kenning_lego.servers.live.events import PipelineEvent
from kenning_lego.servers.live.goals import OnSwitched
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.servers.sources.base import Source

_MS = 1e6


class FrameLoop:
    """Runs a pipeline on the frames of a source at its pace, and gathers what there is to tell.

    Args:
        pipeline: loaded.
        source: of the frames.
        run: how.
        begin: with which numbers; the first frame is due at once.
    """

    def __init__(
        self, pipeline: LivePipeline, source: Source, run: RunPipeline, begin: Begin
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self.first_frame = begin.first_frame
        self._keeps_outputs = run.keep_outputs_bytes > 0
        self._log = FrameLog(begin.first_frame, begin.first_configuration, run.keep_outputs_bytes)
        self._pace = Pace(run.rate_fps, time.perf_counter_ns())
        self._latency_ns = _nanoseconds(run.latency_ms)
        self._memory_bytes = run.memory_bytes
        pipeline.events()  # of loading, before anything ran
        self._held, self._moved = pipeline.loaded_bytes, 0
        self._report_at = 0.0
        self._urgent = False
        names = pipeline.spec
        self._inputs: Arrays = {each.name: pipeline.arrays[each.name] for each in names.inputs}
        self._outputs = [pipeline.arrays[each.name] for each in names.outputs]
        self.finished = False

    def wait_s(self) -> float:
        """How long until the next frame is due."""
        return self._pace.wait_s(time.perf_counter_ns())

    def frame(self) -> None:
        """Run one frame.

        Raises:
            KenningLegoError: the source failed.
        """
        if not self._source.fill(self._inputs):
            self._finish()
            return
        begin = time.perf_counter_ns()
        lateness = self._pace.begin(begin)
        duration = self._pipeline.frame()
        if self._latency_ns is not None and duration > self._latency_ns:
            self._urgent = True  # whoever chooses is to know at once
        outputs = _copies(self._outputs) if self._keeps_outputs else ()
        self._log.ran(self._pipeline.ran, begin, duration, lateness, outputs)

    def steer(self, steer: Steer, on_end: OnSwitched) -> None:
        """Go over to a configuration, with new bounds.

        Args:
            steer: what is asked for.
            on_end: called, from any thread, with what came of it.

        Raises:
            KenningLegoError: it cannot be had; what runs goes on.
        """
        self._latency_ns = _nanoseconds(steer.latency_ms)
        before, self._memory_bytes = self._memory_bytes, steer.memory_bytes
        shrinks = steer.memory_bytes is not None and (before is None or steer.memory_bytes < before)
        try:
            # In this order no request is left for a moment with memory that was not meant for it.
            if not shrinks:
                self._pipeline.set_memory(steer.memory_bytes)
            self._pipeline.request(steer.stages, may_pause=steer.may_pause, on_end=on_end)
        except KenningLegoError as error:
            self._note_failure(error.problem, steer.stages)
            raise
        finally:
            if shrinks:
                self._pipeline.set_memory(steer.memory_bytes)

    def failed(self, error: Exception) -> None:
        """A frame raised this."""
        problem = error.problem if isinstance(error, KenningLegoError) else repr(error)
        self._note_failure(f"frame {self._log.next_frame}: {problem}", ())

    def report(self, *, at_once: bool = False) -> Envelope | None:
        """What there is to tell, if it is time to; None otherwise."""
        now = time.monotonic()
        if not (at_once or self._urgent or self._log.is_full or now >= self._report_at):
            return None
        for event in self._pipeline.events():
            self._log.note(self._happened(event))
        self._urgent = False
        self._report_at = now + REPORT_INTERVAL_S
        return self._log.take(self._pipeline.loaded_bytes, self._pace.missed)

    def _note_failure(self, text: str, stages: tuple[str, ...]) -> None:
        figures = {"held_bytes": float(self._pipeline.loaded_bytes)}
        now, frame = time.monotonic_ns(), self._log.next_frame
        self._log.note(Happened("failed", now, frame, text, figures, stages))
        self._urgent = True

    def _finish(self) -> None:
        self.finished = self._log.finished = self._urgent = True

    def _happened(self, event: PipelineEvent) -> Happened:
        figures = {}
        if event.kind == "loaded":
            self._held += event.bytes
            self._moved += event.bytes
        elif event.kind == "evicted":
            self._held -= event.bytes
        elif event.kind == "switched":
            figures["moved_bytes"], self._moved = float(self._moved), 0
        figures["held_bytes"] = float(self._held)
        if event.bytes:
            figures["bytes"] = float(event.bytes)
        if event.duration_ns:
            figures["ms"] = event.duration_ns / _MS
        frame = event.frame + self.first_frame
        return Happened(event.kind, event.at_ns, frame, event.reason, figures, event.stages)


def _copies(arrays: Sequence[NDArray[Any]]) -> tuple[bytes, ...]:
    return tuple(array.tobytes() for array in arrays)


def _nanoseconds(ms: float | None) -> float | None:
    return None if ms is None else ms * _MS
