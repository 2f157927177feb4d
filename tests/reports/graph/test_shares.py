"""Shares have intervals, and those that cannot be told apart look alike."""

from __future__ import annotations

import math
import random
import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kenning_lego.reports
from kenning_lego.reports.graph.shares import (
    LEVELS,
    Latency,
    Share,
    apart,
    level,
    scale_step,
    shares_of,
)

latencies = st.builds(Latency, st.floats(1.0, 1e12), st.one_of(st.none(), st.floats(0.0, 1e12)))


@given(st.lists(latencies, min_size=1))
def test_shares_make_a_whole_and_are_within_their_bounds(several: list[Latency]) -> None:
    shares = shares_of(several)
    assert math.fsum(each.value for each in shares) == pytest.approx(1.0)
    for each in shares:
        if each.low is not None and each.high is not None:
            assert 0 <= each.low <= each.value <= each.high <= 1


def test_intervals_cover_the_true_share_as_often_as_they_say() -> None:
    rng = random.Random(4)
    true = [100.0, 300.0, 600.0]
    covered = 0
    for _ in range(400):
        seen = [Latency(rng.gauss(ns, 0.05 * ns), 1.96 * 0.05 * ns) for ns in true]
        share = shares_of(seen)[1]
        assert share.low is not None
        assert share.high is not None
        covered += share.low <= 0.3 <= share.high
    assert 0.92 <= covered / 400 <= 0.98


@given(st.lists(latencies, min_size=1, max_size=30))
def test_shares_whose_intervals_overlap_have_one_colour(several: list[Latency]) -> None:
    shares = shares_of(several)
    shown = apart(shares)
    step = scale_step(max(shown))
    colours = [level(each, step) for each in shown]
    for (first, a), (second, b) in combinations(zip(shares, colours, strict=True), 2):
        assert a == b or not _overlap(first, second)


def _overlap(first: Share, second: Share) -> bool:
    """Whether they may be equal; so may all whose bounds are not known."""
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return True
    return first.low <= second.high and second.low <= first.high


def test_shares_that_are_far_apart_have_different_colours() -> None:
    shown = apart([Share(0.1, 0.09, 0.11), Share(0.12, 0.105, 0.13), Share(0.78, 0.77, 0.79)])
    assert shown == pytest.approx((0.11, 0.11, 0.78))
    assert level(shown[0], scale_step(0.78)) < level(shown[2], scale_step(0.78))


@given(st.floats(1e-5, 1.0))
def test_the_scale_is_round_and_reaches_the_largest_share(largest: float) -> None:
    step = scale_step(largest)
    assert step * LEVELS >= largest * (1 - 1e-6)
    assert level(largest, step) < LEVELS
    assert step * LEVELS < largest * 1.6


def _colours(style: str, theme: int) -> dict[str, str]:
    """Those of the light theme, 0, or of the dark one, 1."""
    found = re.findall(r"--((?:on-)?heat-\d): light-dark\((#\w{6}), (#\w{6})\)", style)
    return {name: both[theme] for name, *both in found}


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read_on_every_colour_and_the_colours_are_in_order(theme: int) -> None:
    """A contrast of 4.5 at least, and lightness that goes one way: it needs no sense of colour."""
    path = Path(kenning_lego.reports.__file__).parent / "templates" / "report.css"
    colours = _colours(path.read_text(encoding="utf-8"), theme)
    lights = [_luminance(colours[f"heat-{number}"]) for number in range(LEVELS)]
    for number, light in enumerate(lights):
        ink = _luminance(colours[f"on-heat-{number}"])
        assert (max(light, ink) + 0.05) / (min(light, ink) + 0.05) >= 4.5, number
    steps = [after - before for before, after in pairwise(lights)]
    assert all(step < 0 for step in steps) or all(step > 0 for step in steps)
