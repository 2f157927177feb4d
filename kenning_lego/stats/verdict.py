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
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.drift import ENOUGH_ROUNDS
from kenning_lego.stats.findings import Findings, examine
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.pace import at_pace, pace, relative_levels
from kenning_lego.stats.rounds import Floats, Rounds

Name = Literal["stable", "noisy", "too_few_samples", "drifting", "throttled"]

SEVERITY: tuple[Name, ...] = get_args(Name)
"""From the best to the worst."""
ALARMS = 0.02
_FREQUENCY_DROP = 0.03
"""Frequencies are sampled while they change; a smaller difference says nothing."""

_GOVERNOR = "set the governor to performance and let the board cool down before measuring"
_COOL = "add cooling, wait for it to cool down, or lower the clock to what it can hold"
_CLOSE = "close other work on the target, or pin the worker to a core"
_LONGER = "allow more rounds or seconds"
_WARM = "allow more warm-up rounds"
_MOST_TIMES = 100.0
"""As many rounds; beyond that, the error of the error makes a figure say nothing."""


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
        ratios: the worst that was found in the item apart from what all items did together: what
            to think of its ratios to the others. None where that cannot be told apart.
    """

    name: Name
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    remedy: str = ""
    ratios: Name | None = None

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
    own = _Own(samples, _median(samples, confidence), asked, alarms / tested)
    return _judge_item(own, None, machine, telemetry)


@dataclass(frozen=True, slots=True)
class PlanVerdict:
    """What to think of a plan.

    Args:
        plan: of the machine while the plan ran, and of the plan as a whole.
        items: of each item, by name.
        at_pace: medians of the items at the plan's median pace, by name; empty if the machine's
            pace cannot be told apart.
        pace: that pace, 1 by definition, with its interval.
    """

    plan: Verdict
    items: Mapping[str, Verdict]
    at_pace: Mapping[str, Estimate] = field(default_factory=dict)
    pace: Estimate | None = None


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

    What all items did together counts as the machine's doing, as the reference does (see
    :mod:`~kenning_lego.stats.pace`); what an item did beside that counts as its own.

    Args:
        items: at least one, by name.
        estimates: the medians with their intervals, if they are known already.
        asked: as of :func:`judge`, like all others.
        reference: as of :func:`judge`.
        telemetry: as of :func:`judge`.
        confidence: as of :func:`judge`.
        alarms: as of :func:`judge`, for the plan as a whole.
    """
    relative = relative_levels(list(items.values()))
    slowness = pace(relative)
    half = alarms / 2
    share = half / ((reference is not None) + (relative is not None) or 1)
    machine = {}
    if reference is not None:
        machine["the reference"] = examine(reference.levels(), asked, share)
    if relative is not None:
        machine["all together"] = examine(np.median(relative, axis=0), asked, share, relative)
    own = {
        name: _Own(
            samples,
            estimates.get(name) if estimates is not None else _median(samples, confidence),
            asked,
            half / len(items),
        )
        for name, samples in items.items()
    }
    if slowness is None:
        verdicts = {name: _judge_item(each, None, machine, telemetry) for name, each in own.items()}
        return PlanVerdict(_judge_whole(verdicts, machine, telemetry), verdicts)
    apart = {name: each.at_pace(slowness, confidence) for name, each in own.items()}
    verdicts = {
        name: _judge_item(each, apart[name], machine, telemetry) for name, each in own.items()
    }
    return PlanVerdict(
        _judge_whole(verdicts, machine, telemetry),
        verdicts,
        {name: each.estimate for name, each in apart.items() if each.estimate is not None},
        _median(Rounds.of(slowness), confidence),
    )


@dataclass(frozen=True, slots=True)
class _Own:
    """Samples of an item and their median, what was asked, and the share of false alarms."""

    samples: Rounds
    estimate: Estimate | None
    asked: float
    alarms: float

    def at_pace(self, slowness: Floats, confidence: float) -> _Own:
        samples = at_pace(self.samples, slowness)
        return replace(self, samples=samples, estimate=_median(samples, confidence))


def _median(samples: Rounds, confidence: float) -> Estimate | None:
    return median_of_rounds(samples, confidence) if len(samples.values) else None


def _judge_item(
    measured: _Own,
    apart: _Own | None,
    machine: Mapping[str, Findings],
    telemetry: Telemetry | None,
) -> Verdict:
    """Judge an item as measured and, if that is known, apart from the machine's pace."""
    own = apart or measured
    findings = {"it": examine(own.samples.levels(), own.asked, own.alarms)}
    notes = _notes(findings)
    ratios = _worst([*notes, *_width_notes(own)]) if apart is not None else None
    findings |= machine
    notes = [*_telemetry_notes(telemetry, findings), *_notes(findings), *_width_notes(measured)]
    figures = {
        "rounds": measured.samples.rounds,
        "asked": measured.asked,
        **findings["it"].figures,
        **_width("half_width", measured),
        **(_width("ratio_half_width", apart) if apart is not None else {}),
        **_machine_figures(machine, telemetry),
    }
    return _verdict(notes, figures, ratios)


def _width_notes(own: _Own) -> list[_Note]:
    if own.estimate is None or own.samples.rounds < ENOUGH_ROUNDS:
        missing = ENOUGH_ROUNDS - own.samples.rounds
        return [_Note("too_few_samples", f"needs {missing} more rounds to be judged", _LONGER)]
    width = own.estimate.relative_half_width
    if width <= own.asked:
        return []
    times = (width / own.asked) ** 2
    longer = f"{_LONGER} (about {times:.1f} times as many)" if times <= _MOST_TIMES else _LONGER
    said = f"its median is known to {width:.1%}, asked were {own.asked:.1%}"
    return [_Note("noisy", said, f"{_CLOSE}; {longer}")]


def _width(name: str, own: _Own) -> dict[str, float]:
    if own.estimate is None or not math.isfinite(own.estimate.relative_half_width):
        return {}
    return {name: own.estimate.relative_half_width}


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


def _worst(notes: Sequence[_Note]) -> Name:
    return max((note.name for note in notes), key=SEVERITY.index, default="stable")


def _verdict(
    notes: Sequence[_Note], figures: Mapping[str, float], ratios: Name | None = None
) -> Verdict:
    ranked = sorted(notes, key=lambda note: SEVERITY.index(note.name), reverse=True)
    return Verdict(
        name=_worst(notes),
        reasons=tuple(note.reason for note in ranked),
        figures=dict(figures),
        remedy="; ".join(_distinct(note.remedy for note in ranked)),
        ratios=ratios,
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
