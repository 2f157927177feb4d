"""What is left of a piece of work: exact where the pace is even, honest where it is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.remaining import Left, Remaining

TRACES = json.loads((Path(__file__).parent / "traces.json").read_text(encoding="utf-8"))

paces = st.floats(1e-3, 1e3)
steps = st.integers(1, 500)


def told(reports: Sequence[tuple[float, float, float]]) -> Remaining:
    """An estimator that was told of each (done, total, now)."""
    remaining = Remaining()
    for done, total, now in reports:
        remaining.note(done, total, now)
    return remaining


@given(pace=paces, step=steps, count=st.integers(3, 200), ahead=st.integers(1, 1000))
def test_even_work_is_estimated_exactly(pace: float, step: int, count: int, ahead: int) -> None:
    total = step * (count + ahead)
    remaining = told([(step * n, total, pace * n) for n in range(count + 1)])
    left = remaining.left(pace * count)
    assert left is not None
    assert left.low_s == pytest.approx(pace * ahead, rel=1e-6)
    assert left.high_s == pytest.approx(pace * ahead, rel=1e-6)


@given(pace=paces, count=st.integers(3, 100), share=st.floats(0, 1))
def test_even_work_counts_down_between_reports(pace: float, count: int, share: float) -> None:
    remaining = told([(n, 2 * count, pace * n) for n in range(count + 1)])
    left = remaining.left(pace * (count + share))
    assert left is not None
    assert left.low_s == pytest.approx(pace * (count - share), rel=1e-6, abs=1e-9)


@given(pace=paces, found=st.integers(0, 10_000), count=st.integers(3, 50))
def test_work_that_was_found_is_free(pace: float, found: int, count: int) -> None:
    total = found + 2 * count
    remaining = told([(found + n, total, pace * n) for n in range(count + 1)])
    left = remaining.left(pace * count)
    assert left is not None
    assert left.high_s == pytest.approx(pace * count, rel=1e-6)


@given(
    slower=st.floats(1.5, 20),
    fast=st.integers(3, 100),
    slow=st.integers(3, 100),
    ahead=st.integers(1, 100),
)
def test_work_that_slowed_down_is_not_promised_sooner_than_it_can_be(
    slower: float, fast: int, slow: int, ahead: int
) -> None:
    total, now = fast + slow + ahead, 0.0
    remaining = told([(0, total, 0.0)])
    for done in range(1, fast + slow + 1):
        now += 1.0 if done <= fast else slower
        remaining.note(done, total, now)
    left = remaining.left(now)
    if left is not None and slow >= fast:  # then the last third is slow
        assert left.low_s <= slower * ahead * (1 + 1e-6)
        assert left.high_s >= slower * ahead * (1 - 1e-6)


@given(
    seconds=st.lists(st.floats(0.01, 100), min_size=3, max_size=80),
    ahead=st.integers(1, 100),
)
def test_a_report_never_puts_the_end_beyond_what_was_said_just_before(
    seconds: list[float], ahead: int
) -> None:
    remaining, now, total = told([(0, 1, 0.0)]), 0.0, len(seconds) + ahead
    for done, spent in enumerate(seconds, 1):
        now += spent
        before = remaining.left(now)
        remaining.note(done, total, now)
        after = remaining.left(now)
        if before is not None and after is not None and done > 1:
            assert after.low_s <= before.high_s * (1 + 1e-6)


@given(
    seconds=st.lists(st.floats(0.01, 100), min_size=3, max_size=80),
    ahead=st.integers(1, 100),
    waited=st.floats(0, 1000),
)
def test_low_end_is_never_above_the_high_one_or_below_zero(
    seconds: list[float], ahead: int, waited: float
) -> None:
    remaining, now = told([(0, len(seconds) + ahead, 0.0)]), 0.0
    for done, spent in enumerate(seconds, 1):
        now += spent
        remaining.note(done, len(seconds) + ahead, now)
    left = remaining.left(now + waited)
    assert left is None or 0 <= left.low_s <= left.high_s


@pytest.mark.parametrize(
    "reports",
    [
        [],
        [(0, 0, 0.0)],
        [(0, 0, 0.0), (0, 0, 1.0), (0, 0, 2.0)],
        [(0, 10, 0.0)],
        [(5, 10, 0.0), (6, 10, 1.0)],
        [(0, 3, 0.0), (1, 3, 1.0), (2, 3, 2.0), (3, 3, 3.0)],
    ],
    ids=["nothing", "zero", "still zero", "one report", "one step", "done"],
)
def test_nothing_is_said_before_it_can_be_known(reports: list[tuple[float, float, float]]) -> None:
    assert told(reports).left(5.0) is None


def test_work_that_begins_anew_is_estimated_anew() -> None:
    remaining = told([(n, 10, 100.0 * n) for n in range(6)])
    for n in range(4):
        remaining.note(n, 10, 600.0 + n)
    left = remaining.left(603.0)
    assert left is not None
    assert left.high_s == pytest.approx(7.0)


def test_nothing_is_said_of_work_whose_steps_have_nothing_in_common() -> None:
    remaining = told([(0, 5, 0.0), (1, 5, 0.01), (2, 5, 60.0)])
    assert remaining.left(60.0) is None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (4.2, 4.2, "about 5 s"),
        (42, 43, "40 to 45 s"),
        (44, 46, "about 45 s"),
        (58, 58, "about 1 min"),
        (600, 610, "about 10 min"),
        (600, 900, "10 to 15 min"),
        (40, 130, "40 s to 2 min"),
        (5399, 5399, "about 90 min"),
        (9000, 9100, "about 2.5 h"),
    ],
)
def test_estimates_have_no_more_digits_than_they_know(low: float, high: float, text: str) -> None:
    assert str(Left(low, high)) == text


@pytest.mark.parametrize("name", TRACES)
def test_recorded_steps_end_about_when_it_was_said(name: str) -> None:
    """Of a test of resnet18-digits on a PC with other work beside it."""
    reports, total = TRACES[name]["reports"], TRACES[name]["total"]
    end, remaining = reports[-1][0], Remaining()
    said = near = within = 0
    for now, done in reports:
        remaining.note(done, total, now)
        left = remaining.left(now)
        if left is not None and end - now > 1:  # what ends at once needs no estimate
            said += 1
            near += left.low_s / 2 <= end - now <= left.high_s * 2
            within += left.low_s * 0.8 <= end - now <= left.high_s * 1.25
    assert said >= 0.8 * len([now for now, _ in reports if end - now > 1])
    assert near >= 0.95 * said
    assert within >= 0.75 * said
