"""What a look at a target tells, beside what earlier looks told."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from kenning_lego.core.deployment_records import DeploymentStatus, Frame
from kenning_lego.core.plans import Observation
from kenning_lego.core.remaining import Left, Remaining

KEPT_FRAMES = 600
"""Of each pipeline; its figures are of these."""

_FEWEST_FOR_P95 = 20


@dataclass(frozen=True, slots=True)
class SeenPipeline:
    """A pipeline that the target owns.

    Args:
        status: as the target tells it.
        durations_ns: of its latest frames, the oldest first.
        rate: frames a second; None if it cannot be known yet.
    """

    status: DeploymentStatus
    durations_ns: tuple[int, ...] = ()
    rate: float | None = None

    @property
    def median_ms(self) -> float | None:
        """Of the latest frames."""
        return median(self.durations_ns) / 1e6 if self.durations_ns else None

    @property
    def p95_ms(self) -> float | None:
        """Of the latest frames, if there are enough."""
        if len(self.durations_ns) < _FEWEST_FOR_P95:
            return None
        return quantiles(self.durations_ns, n=20)[-1] / 1e6


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at a target.

    Args:
        address: of the target.
        at_unix_s: when it was.
        machine: what the target is, in words; empty before it was reached.
        trouble: why it cannot be seen; empty if it can.
        gone_s: for how long it was gone, if it is back since the look before.
        observation: what it does.
        left: until the plan under way ends.
        pipelines: that it owns.
    """

    address: str
    at_unix_s: float
    machine: str = ""
    trouble: str = ""
    gone_s: float | None = None
    observation: Observation = field(default_factory=Observation)
    left: Left | None = None
    pipelines: tuple[SeenPipeline, ...] = ()


@dataclass(slots=True)
class _Frames:
    """The latest frames of one pipeline."""

    kept: deque[Frame] = field(default_factory=lambda: deque(maxlen=KEPT_FRAMES))
    next: int = 0

    def rate(self) -> float | None:
        if len(self.kept) < 2:
            return None
        span_ns = self.kept[-1].begin_ns - self.kept[0].begin_ns
        return (len(self.kept) - 1) / span_ns * 1e9 if span_ns > 0 else None


class Memory:
    """What earlier looks told that bears on the next one."""

    def __init__(self) -> None:
        self._frames: dict[str, _Frames] = {}
        self._plan: tuple[str, str, int] | None = None
        self._remaining = Remaining()

    def forget(self) -> None:
        """Another server may be there now: nothing of the earlier one counts."""
        self._frames, self._plan, self._remaining = {}, None, Remaining()

    def cursor(self, status: DeploymentStatus) -> int:
        """The first frame of a pipeline to ask for."""
        known = self._frames.get(status.name)
        if known is None or known.next > status.frames:  # deployed anew: it counts from 0
            self._frames[status.name] = known = _Frames(next=max(0, status.frames - KEPT_FRAMES))
        return known.next

    def take(self, name: str, frames: Sequence[Frame], following: int) -> None:
        """Keep frames of a pipeline; `following` is the next to ask for."""
        known = self._frames.setdefault(name, _Frames())
        known.kept.extend(frames)
        known.next = following

    def pipeline(self, status: DeploymentStatus) -> SeenPipeline:
        """A pipeline with its latest frames."""
        known = self._frames.get(status.name, _Frames())
        return SeenPipeline(status, tuple(each.duration_ns for each in known.kept), known.rate())

    def left(self, observation: Observation, now: float) -> Left | None:
        """How long the plan under way still takes, at this time of a steady clock."""
        plan = (observation.holder, observation.doing, observation.total)
        if plan != self._plan:
            self._plan, self._remaining = plan, Remaining()
        if not observation.doing or not observation.total:
            return None
        self._remaining.note(observation.done, observation.total, now)
        return self._remaining.left(now)


def machine_in_words(facts: Mapping[str, str | int | float], engines: Mapping[str, str]) -> str:
    """Board, cores and engines of a target."""
    name = facts.get("board") or facts.get("cpu") or facts.get("machine", "unknown machine")
    listed = ", ".join(f"{engine} {version}" for engine, version in engines.items())
    return f"{name}, {facts.get('cores', '?')} cores; {listed or 'no engine'}"
