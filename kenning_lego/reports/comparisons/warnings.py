"""What differs between two records beside their figures, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kenning_lego.reports.comparisons.sides import Side

DOUBTED = ("drifting", "throttled", "noisy")
"""Verdicts that are worth a word beside a difference."""

_SAME_TARGET = ("board", "cpu", "machine", "cores")
"""Facts that make out a target; its kernel and its Python may be updated."""
_OF_THE_RUN = ("engine", "version", "provider", "threads", "batch", "precision")


def elsewhere(first: Side, other: Side) -> Iterator[str]:
    """What makes their durations those of different machines or clocks; nothing if all is alike."""
    if first.target is not None and other.target is not None:
        one, another = first.target.environment.facts, other.target.environment.facts
        yield from _differing(one, another, _SAME_TARGET)
    if first.clocks != other.clocks:
        yield f"clock: {', '.join(first.clocks)} and {', '.join(other.clocks)}"


def warnings_of(first: Side, other: Side, who: tuple[str, str]) -> Iterator[str]:
    """What else differs, what is doubted, and what one of them alone measured.

    Args:
        first: one record.
        other: the record that is compared with it.
        who: what both are called in sentences, such as "the first run".
    """
    yield from _ran(first, other)
    if first.network != other.network:
        yield f"network: {first.network} and {other.network}"
    if first.target is not None and other.target is not None:
        one_state = first.target.environment.state_before
        other_state = other.target.environment.state_before
        yield from _differing(one_state, other_state, ("governor",))
    yield from doubts(first, other, who)


def doubts(first: Side, other: Side, who: tuple[str, str]) -> Iterator[str]:
    """What to know about either of them, whatever their settings are."""
    for which, side in zip(who, (first, other), strict=True):
        for plan in side.plans:
            if plan.verdict is not None and plan.verdict.name in DOUBTED:
                words = plan.verdict.name.replace("_", " ")
                yield f"{which}'s {plan.name}: {words} ({plan.verdict.remedy})"
        if side.left_out:
            yield f"samples that are no durations, in {which}: {some(side.left_out)}"
    for which, one, another in ((who[0], first, other), (who[1], other, first)):
        missing = [name for name in one.measurements if name not in another.measurements]
        if missing:
            yield f"only in {which}: {some(missing)}"


def some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _ran(first: Side, other: Side) -> Iterator[str]:
    """What ran, as the target told; where it did not, as the scenario asked."""
    one, another = ({} if side.target is None else side.target.used for side in (first, other))
    yield from _differing(one, another, _OF_THE_RUN)
    was, now = (side.record.scenario.get("target") for side in (first, other))
    if isinstance(was, dict) and isinstance(now, dict):
        known = {*one, *another}
        yield from _differing(was, now, [key for key in _OF_THE_RUN if key not in known])


def _differing(
    one: Mapping[str, Any], other: Mapping[str, Any], keys: Sequence[str]
) -> Iterator[str]:
    for key in keys:
        if one.get(key) != other.get(key):
            was, now = (each.get(key, "unknown") for each in (one, other))
            yield f"{key}: {was} and {now}"
