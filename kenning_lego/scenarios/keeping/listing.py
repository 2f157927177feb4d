"""The list of runs as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Console

from kenning_lego.reports.formatting import NO_BREAK, RANGE, TIME_NS, Figures
from kenning_lego.reports.headline import Headline
from kenning_lego.reports.quality import Quality
from kenning_lego.scenarios.keeping.columns import Shown, print_columns
from kenning_lego.scenarios.keeping.result import Result

_ROOM = 150
"""Columns of a terminal from which whole ids and all columns fit."""
_NARROW = 100
"""Columns up to which an age stands for the time."""
_ALWAYS = ("id", "when", "kind", "latency")
_COLOURS = {"stable": "green", "noisy": "yellow", "drifting": "red", "throttled": "red"}


def print_results(console: Console, results: Sequence[Result], now: datetime) -> None:
    """One row a run.

    Args:
        console: where to.
        results: the runs.
        now: with a time zone.
    """
    room = console.width if console.is_terminal else None
    columns = _columns(results, now, room)
    print_columns(console, [each for each in columns if each.heading in _ALWAYS or any(each.cells)])
    for each in results:
        if each.problem:
            console.print(f"{each.id}: {each.problem}", soft_wrap=True, markup=False)


def _columns(results: Sequence[Result], now: datetime, room: int | None) -> list[Shown]:
    heads = [each.headline for each in results]
    roomy, narrow = room is None or room >= _ROOM, room is not None and room < _NARROW
    times = [
        age(now - each.created) if narrow else f"{each.created.astimezone():%Y-%m-%d %H:%M}"
        for each in results
    ]
    machine = [
        Shown("board", [each.board for each in heads], long=True),
        Shown("engine", [each.engine for each in heads], long=True),
    ]
    return [
        Shown("id", [each.id for each in results] if roomy else short_ids(results)),
        Shown("when", times, right=narrow),
        Shown(
            "kind",
            [each.headline.kind or each.state for each in results],
            styles=["" if each.state == "finished" else "red" for each in results],
        ),
        Shown("network", [each.network for each in heads], long=True),
        *(machine if roomy else []),
        Shown("latency", [latency(each, bounds=roomy) for each in heads], right=True),
        Shown("score", [score(each) for each in heads], right=True),
        Shown(
            "verdict",
            [each.verdict.replace("_", " ") for each in heads],
            styles=[_COLOURS.get(each.verdict, "") for each in heads],
        ),
        Shown("tags", [_tags(each) for each in results], long=True),
    ]


def age(past: timedelta) -> str:
    """How long ago, in the largest whole unit: ``5 h``, ``3 d``."""
    minutes = max(0, int(past.total_seconds() // 60))
    for unit, size in (("y", 525_600), ("d", 1440), ("h", 60)):
        if minutes >= size:
            return f"{minutes // size}{NO_BREAK}{unit}"
    return f"{minutes}{NO_BREAK}min"


def short_ids(results: Sequence[Result]) -> list[str]:
    """What is behind the last hyphen of each id, where no other has the same; else the id."""
    ends = [each.id.rpartition("-")[2] for each in results]
    often = Counter(ends)
    return [
        end if often[end] == 1 and len(end) >= 4 else each.id
        for each, end in zip(results, ends, strict=True)
    ]


def latency(headline: Headline, *, bounds: bool = True) -> str:
    """The median with its interval: its bounds, or the distance of the farther one in %."""
    if headline.latency_ms is None:
        return ""
    figures = Figures.fitting([headline.latency_ms * 1e6], TIME_NS, 4)
    median = f"{figures.number(headline.latency_ms * 1e6)}{NO_BREAK}{figures.unit.symbol}"
    low, high = headline.latency_low_ms, headline.latency_high_ms
    if low is None or high is None or not headline.latency_ms:
        return median
    if bounds:
        between = figures.interval(low * 1e6, high * 1e6) or ""
        return f"{median} ({between.replace(RANGE, '-')})"
    farther = max(high - headline.latency_ms, headline.latency_ms - low) / headline.latency_ms
    return f"{median} ±{farther * 100:.1f}{NO_BREAK}%"


def score(headline: Headline) -> str:
    """The score as its metric is read."""
    if headline.score is None:
        return ""
    return Quality.named(headline.metric, [headline.score]).score(headline.score) or ""


def _tags(result: Result) -> str:
    note = "(note)" if result.labels.note else ""
    return " ".join(filter(None, (*result.labels.tags, note)))
