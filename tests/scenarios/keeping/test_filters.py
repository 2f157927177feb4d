"""Filters leave what a look at each run by itself would."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError, KenningLegoError
from kenning_lego.reports.headline import Headline
from kenning_lego.scenarios.keeping.filters import parse_condition
from kenning_lego.scenarios.keeping.moments import age, moment
from kenning_lego.scenarios.keeping.result import Result
from kenning_lego.scenarios.keeping.results import Results
from kenning_lego.store.labels import Labels

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
KINDS = st.sampled_from(["run", "load", "training"])
TAGS = st.sets(st.sampled_from(["a", "b", "c"]))
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
}
FIGURES = st.none() | st.integers(0, 4).map(float)


@st.composite
def found(draw: st.DrawFn) -> Result:
    headline = Headline(
        draw(KINDS),
        (NOW - timedelta(hours=draw(st.integers(0, 9)))).isoformat(),
        network=draw(st.sampled_from(["ResNet-18", "resnet56", "vgg"])),
        board=draw(st.sampled_from(["", "Pi 5", "Pi 4"])),
        latency_ms=draw(FIGURES),
        score=draw(FIGURES),
        verdict=draw(st.sampled_from(["", "stable", "noisy"])),
    )
    run = Path("w") / "runs" / str(draw(st.integers(0, 10**6)))
    return Result(Path("w"), run, "finished", headline, Labels(tuple(sorted(draw(TAGS)))))


@given(
    st.lists(found(), max_size=12),
    st.sets(KINDS),
    st.sampled_from(["", "RESNET", "net5"]),
    TAGS,
    st.none() | st.integers(0, 9),
    st.sampled_from(list(COMPARE)),
    st.integers(0, 4),
)
def test_filters_equal_a_look_at_each_run(
    every: list[Result],
    kinds: set[str],
    network: str,
    tags: set[str],
    hours: int | None,
    compare: str,
    bound: int,
) -> None:
    since = None if hours is None else NOW - timedelta(hours=hours)

    def wanted(each: Result) -> bool:
        latency = each.headline.latency_ms
        return (
            latency is not None
            and COMPARE[compare](latency, bound)
            and (not kinds or each.headline.kind in kinds)
            and network.lower() in each.headline.network.lower()
            and all(tag in each.labels.tags for tag in tags)
            and (since is None or each.created >= since)
        )

    left = Results(every).where(
        f"latency_ms {compare} {bound}",
        kind=sorted(kinds),
        network=network,
        tag=sorted(tags),
        since="" if since is None else since.isoformat(),
    )
    assert list(left) == [each for each in every if wanted(each)]


def test_what_is_not_known_fulfils_no_condition() -> None:
    every = Results(
        [Result(Path("w"), Path("w/runs/a"), "finished", Headline("run", NOW.isoformat()))]
    )
    for text in ("latency_ms<9", "latency_ms!=9", "verdict!=noisy", "memory_mb>0"):
        assert len(every.where(text)) == 0


def test_memory_is_compared_in_megabytes_too() -> None:
    headline = Headline("run", NOW.isoformat(), memory_bytes=3_500_000)
    every = Results([Result(Path("w"), Path("w/runs/a"), "finished", headline)])
    assert len(every.where("memory_mb<=3.5", "memory_bytes>3e6")) == 1
    assert len(every.where("memory_mb<3.5")) == 0


@pytest.mark.parametrize("text", ["", "<", "latency_ms<", "latency_ms ~ 3", "a b<3", "kind<run"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(KenningLegoError):
        parse_condition(text)


@pytest.mark.parametrize(
    ("text", "end", "expected"),
    [
        ("12h", False, "2026-06-01T00:00:00+00:00"),
        ("2w", True, "2026-05-18T12:00:00+00:00"),
        ("2026-05-01T10:00+02:00", False, "2026-05-01T08:00:00+00:00"),
        ("2026-05-01T10:00Z", True, "2026-05-01T10:00:00+00:00"),
    ],
)
def test_moments_are_dates_or_ages(text: str, end: bool, expected: str) -> None:
    assert moment(text, NOW, end=end).isoformat() == expected


def test_date_is_its_whole_day_where_it_is_an_end() -> None:
    first, last = moment("2026-05-01", NOW), moment("2026-05-01", NOW, end=True)
    assert first < last
    assert (last - first) // timedelta(seconds=1) == 86_399
    assert first.astimezone().hour == 0


@pytest.mark.parametrize("text", ["", "soon", "7", "7m", "2026-13-01", "0000-01-01", "12:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no moment"):
        moment(text, NOW)


def test_age_is_hours_days_or_weeks() -> None:
    assert (age("3h"), age("2d"), age("1w")) == (
        timedelta(hours=3),
        timedelta(days=2),
        timedelta(weeks=1),
    )
    with pytest.raises(ConfigurationError, match="is no age"):
        age("2026-01-01")
