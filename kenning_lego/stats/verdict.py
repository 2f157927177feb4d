"""Whether a measurement can be believed, why not, and what to do about it.

A finding counts only if it is both larger than what was asked for and beyond chance. Of each
series tests for a trend, a step and bursts are made; together they raise a false alarm in at most
`alarms` of quiet measurements with independent rounds, by Bonferroni's bound. In a plan that share
is divided among its items, so that a large plan is no more often alarmed than a small one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.drift import ENOUGH_ROUNDS
from kenning_lego.stats.findings import Findings, examine
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.rounds import Floats, Rounds

Name = Literal["stable", "noisy", "too_few_samples", "drifting", "throttled"]

SEVERITY: tuple[Name, ...] = get_args(Name)
"""From the best to the worst."""
ALARMS = 0.02
_FREQUENCY_DROP = 0.03
"""Frequencies are sampled while they change; a smaller difference says nothing."""

_COMMON = 4
"""Items from which the median over all of them tells what the machine did."""

_GOVERNOR = "set the governor to performance and let the board cool down before measuring"
_COOL = "add cooling, wait for it to cool down, or lower the clock to what it can hold"
_CLOSE = "close other work on the target, or pin the worker to a core"
_LONGER = "allow more rounds or seconds"
_WARM = "allow more warm-up rounds"


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What the target's sensors said about a plan; None where there is no sensor.

    Args:
        throttled: how many times throttling was seen while the plan ran.
        frequency_before: of the core that measured, in any unit.
        frequency_after: the same when it ended.
    """

    throttled: int | None = None
    frequency_before: float | None = None
    frequency_after: float | None = None

    @property
    def frequency_change(self) -> float | None:
        """As a share of the frequency before; negative is slower."""
        if not self.frequency_before or self.frequency_after is None:
            return None
        return self.frequency_after / self.frequency_before - 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to think of a measurement.

    Args:
        name: the worst that was found.
        reasons: everything that was found, in words with figures; empty if stable.
        figures: behind it, by name: shares, p-values and counts.
        remedy: what to do; empty if stable.
    """

    name: Name
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    remedy: str = ""

    def __str__(self) -> str:
        words = self.name.replace("_", " ")
        if not self.reasons:
            return words
        return f"{words}: {'; '.join(self.reasons)} ({self.remedy})"


def judge(
    samples: Rounds,
    *,
    asked: float,
    reference: Rounds | None = None,
    telemetry: Telemetry | None = None,
    confidence: float = 0.95,
    alarms: float = ALARMS,
) -> Verdict:
    """Judge one item.

    Args:
        samples: of the item.
        asked: half-width of the median's interval that was asked for, as a share.
        reference: samples of the reference block, taken all along the plan. If it drifted, the
            machine did, and every item with it.
        telemetry: what the sensors said.
        confidence: of the median's interval.
        alarms: share of quiet measurements that may be called otherwise.
    """
    tested = 1 if reference is None else 2
    machine = (
        {}
        if reference is None
        else {"the reference": examine(reference.levels(), asked, alarms / tested)}
    )
    estimate = median_of_rounds(samples, confidence) if len(samples.values) else None
    return _judge_item(samples, estimate, asked, machine, telemetry, alarms / tested)


@dataclass(frozen=True, slots=True)
class PlanVerdict:
    """What to think of a plan.

    Args:
        plan: of the machine while the plan ran, and of the plan as a whole.
        items: of each item, by name.
    """

    plan: Verdict
    items: Mapping[str, Verdict]


def judge_plan(
    items: Mapping[str, Rounds],
    *,
    asked: float,
    reference: Rounds | None = None,
    telemetry: Telemetry | None = None,
    confidence: float = 0.95,
    alarms: float = ALARMS,
    estimates: Mapping[str, Estimate | None] | None = None,
) -> PlanVerdict:
    """Judge a plan and each of its items.

    What all items did together counts as the machine's doing, as the reference does: with four
    items or more that have the same rounds, the median over the items of each round.

    Args:
        items: at least one, by name.
        estimates: the medians with their intervals, if they are known already.
        asked: as of :func:`judge`, like all others.
        reference: as of :func:`judge`.
        telemetry: as of :func:`judge`.
        confidence: as of :func:`judge`.
        alarms: as of :func:`judge`, for the plan as a whole.
    """
    relative = _relative(list(items.values()))
    half = alarms / 2
    share = half / ((reference is not None) + (relative is not None) or 1)
    machine = {}
    if reference is not None:
        machine["the reference"] = examine(reference.levels(), asked, share)
    if relative is not None:
        machine["all together"] = examine(np.median(relative, axis=0), asked, share, relative)
    verdicts = {}
    for name, samples in items.items():
        if estimates is not None:
            estimate = estimates.get(name)
        else:
            estimate = median_of_rounds(samples, confidence) if len(samples.values) else None
        verdicts[name] = _judge_item(
            samples, estimate, asked, machine, telemetry, half / len(items)
        )
    return PlanVerdict(_judge_whole(verdicts, machine, telemetry), verdicts)


def _judge_item(
    samples: Rounds,
    estimate: Estimate | None,
    asked: float,
    machine: Mapping[str, Findings],
    telemetry: Telemetry | None,
    alarms: float,
) -> Verdict:
    own = examine(samples.levels(), asked, alarms)
    findings = {"it": own, **machine}
    notes = _telemetry_notes(telemetry, findings) + _notes(findings)
    figures: dict[str, float] = {"rounds": samples.rounds, "asked": asked, **own.figures}
    if estimate is None or samples.rounds < ENOUGH_ROUNDS:
        missing = ENOUGH_ROUNDS - samples.rounds
        notes.append(_Note("too_few_samples", f"needs {missing} more rounds to be judged", _LONGER))
    elif (width := estimate.relative_half_width) > asked:
        times = "" if math.isinf(width) else f" (about {(width / asked) ** 2:.1f} times as many)"
        said = f"its median is known to {width:.1%}, asked were {asked:.1%}"
        notes.append(_Note("noisy", said, f"{_CLOSE}; {_LONGER}{times}"))
    if estimate is not None and math.isfinite(estimate.relative_half_width):
        figures["half_width"] = estimate.relative_half_width
    return _verdict(notes, figures | _machine_figures(machine, telemetry))


def _judge_whole(
    verdicts: Mapping[str, Verdict], machine: Mapping[str, Findings], telemetry: Telemetry | None
) -> Verdict:
    notes = _telemetry_notes(telemetry, machine) + _notes(machine)
    held = Counter(verdict.name for verdict in verdicts.values())
    found = {note.name for note in notes}
    for name in SEVERITY[1:]:
        if held[name] and name not in found:
            first = next(key for key, verdict in verdicts.items() if verdict.name == name)
            words = name.replace("_", " ")
            said = f"{held[name]} of {len(verdicts)} items: {words}, such as {first}"
            notes.append(_Note(name, said, verdicts[first].remedy))
    figures: dict[str, float] = {f"items_{name}": held[name] for name in SEVERITY if held[name]}
    return _verdict(notes, figures | _machine_figures(machine, telemetry))


@dataclass(frozen=True, slots=True)
class _Note:
    name: Name
    reason: str
    remedy: str


def _verdict(notes: Sequence[_Note], figures: Mapping[str, float]) -> Verdict:
    ranked = sorted(notes, key=lambda note: SEVERITY.index(note.name), reverse=True)
    return Verdict(
        name=ranked[0].name if ranked else "stable",
        reasons=tuple(note.reason for note in ranked),
        figures=dict(figures),
        remedy="; ".join(_distinct(note.remedy for note in ranked)),
    )


def _distinct(remedies: Iterable[str]) -> list[str]:
    """Each remedy once, and "allow more rounds" not also without how many."""
    each = dict.fromkeys(one for remedy in remedies for one in remedy.split("; "))
    return [one for one in each if not any(other.startswith(f"{one} (") for other in each)]


def _notes(findings: Mapping[str, Findings]) -> list[_Note]:
    notes = []
    for whose, found in findings.items():
        if found.drift:
            remedy = _WARM if found.cold else _GOVERNOR
            notes.append(_Note("drifting", f"{whose} {found.drift}", remedy))
        if found.bursts:
            notes.append(_Note("noisy", f"bursts: {whose}: {found.bursts}", _CLOSE))
    return notes


def _telemetry_notes(telemetry: Telemetry | None, findings: Mapping[str, Findings]) -> list[_Note]:
    if telemetry is None:
        return []
    if telemetry.throttled:
        said = f"the board throttled {telemetry.throttled} times"
        return [_Note("throttled", said, _COOL)]
    # A governor lowers the clock of an idle core: only with a slow-down does it tell something.
    drop = -(telemetry.frequency_change or 0.0)
    if drop >= _FREQUENCY_DROP and any(found.slower for found in findings.values()):
        said = f"the clock fell by {drop:.0%} while the plan ran"
        return [_Note("throttled", said, f"{_GOVERNOR}; {_COOL}")]
    return []


def _machine_figures(
    machine: Mapping[str, Findings], telemetry: Telemetry | None
) -> dict[str, float]:
    figures = {
        f"{whose.removeprefix('the ').replace(' ', '_')}_{name}": value
        for whose, found in machine.items()
        for name, value in found.figures.items()
    }
    if telemetry is not None:
        if telemetry.throttled is not None:
            figures["throttled"] = telemetry.throttled
        if telemetry.frequency_change is not None:
            figures["frequency_change"] = telemetry.frequency_change
    return figures


def _relative(items: Sequence[Rounds]) -> Floats | None:
    """Levels of each item relative to its median, shape (items, rounds); None for few items."""
    rounds = {item.rounds for item in items}
    if len(items) < _COMMON or len(rounds) != 1:
        return None
    levels = np.stack([item.levels() for item in items])
    relative: Floats = levels / np.median(levels, axis=1, keepdims=True)
    return relative
