"""Numbers read well, and what is absent stays absent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.reports import formatting as fmt
from kenning_lego.reports.formatting import Figures


def plain(text: str | None) -> str | None:
    """With ordinary spaces and hyphens, to be readable here."""
    return text and text.replace(fmt.NO_BREAK, " ").replace(fmt.MINUS, "-").replace(fmt.RANGE, "..")


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        (0, "0 ns"),
        (17, "17 ns"),
        (93_142, "93.1 µs"),
        (999_960, "1.00 ms"),
        (4_018_200, "4.02 ms"),
        (1_284_000_000, "1.28 s"),
        (412_000_000_000, "412 s"),
        (-250_000, "-250 µs"),
    ],
)
def test_durations_take_the_unit_that_suits_them(ns: float, expected: str) -> None:
    assert plain(fmt.duration(ns)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (25_000_000, "25.0 MB"), (8.3e9, "8.30 GB")],
)
def test_sizes_are_in_powers_of_a_thousand(value: float, expected: str) -> None:
    assert plain(fmt.size(value)) == expected


def test_what_was_given_keeps_no_zeros_at_its_end() -> None:
    assert plain(fmt.quantity(25e6, fmt.SIZE_BYTES, 4, trim=True)) == "25 MB"
    assert plain(fmt.quantity(4.55e6, fmt.TIME_NS, 4, trim=True)) == "4.55 ms"
    assert plain(fmt.quantity(300e6, fmt.TIME_NS, 4, trim=True)) == "300 ms"


def test_counts_shares_and_wall_times() -> None:
    assert plain(fmt.count(11_173_962)) == "11.2 M"
    assert plain(fmt.integer(10_000)) == "10 000"
    assert fmt.counted(1, "run") == "1 run"
    assert plain(fmt.counted(1200, "run")) == "1 200 runs"
    assert plain(fmt.share(-0.0123, signed=True)) == "-1.2 %"
    assert plain(fmt.share(0.0123, signed=True)) == "+1.2 %"
    assert plain(fmt.share(0.9241, 2)) == "92.41 %"
    assert plain(fmt.seconds(412)) == "6 min 52 s"
    assert plain(fmt.seconds(31.7)) == "31.7 s"
    assert plain(fmt.milliseconds(4.5)) == "4.50 ms"


def test_small_numbers_are_never_rounded_to_zero() -> None:
    assert plain(fmt.significant(1.93e-6, 2)) == "1.9e-6"
    assert fmt.significant(0.0084) == "0.00840"
    column = Figures.fitting([75e6, 61e6, 5100], fmt.COUNT)
    assert column.number(75e6) == "75.0"
    assert column.number(5100) == "0.0051"
    assert column.number(0) == "0.0"


def test_a_negative_zero_has_no_sign() -> None:
    assert fmt.decimal(-0.0004, 2, signed=True) == "0.00"


@pytest.mark.parametrize("absent", [None, math.nan, math.inf, -math.inf])
def test_what_is_absent_has_no_text(absent: float | None) -> None:
    column = Figures.fitting([1.0, absent], fmt.TIME_NS)
    assert fmt.decimal(absent, 2) is None
    assert fmt.significant(absent) is None
    assert fmt.duration(absent) is None
    assert fmt.milliseconds(absent) is None
    assert fmt.seconds(absent) is None
    assert fmt.size(absent) is None
    assert fmt.share(absent) is None
    assert column.number(absent) is None
    assert column.interval(1.0, absent) is None


def test_a_column_suits_its_middle_value() -> None:
    column = Figures.fitting([93_142, 412_200, 1_284_000, None], fmt.TIME_NS, 4)
    assert column.unit.symbol == "µs"
    assert [column.number(each) for each in (93_142, 412_200, 1_284_000)] == [
        "93.1",
        "412.2",
        "1284.0",
    ]
    assert plain(column.interval(411_000, 413_000)) == "411.0..413.0"
    assert Figures.fitting([], fmt.TIME_NS).unit.symbol == "ns"


@given(st.floats(min_value=1.0, max_value=1e11))
def test_three_digits_are_within_half_a_percent(ns: float) -> None:
    text = plain(fmt.duration(ns))
    assert text is not None
    number, symbol = text.split()
    factor = {unit.symbol: unit.factor for unit in fmt.TIME_NS}[symbol]
    assert float(number) * factor == pytest.approx(ns, rel=0.0051)
    assert symbol == "s" or float(number) < 1000


def test_bounds_may_be_below_zero() -> None:
    column = Figures.fitting([12.34e6], fmt.ENERGY_NJ)
    assert column.interval(-0.5e6, 25.2e6) == f"{fmt.MINUS}0.5{fmt.RANGE}25.2"
    assert column.number(-0.01e6) == f"{fmt.MINUS}0.010"
