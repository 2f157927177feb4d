"""Calls that are too short for the clock."""

from __future__ import annotations

import time

import pytest

from kenning_lego.servers.short_calls import repeat, repeat_if_short
from kenning_lego.stats.loops import Clock


@pytest.mark.parametrize(("took_ns", "loops"), [(10, 128), (999, 2), (1000, 1), (50_000, 1)])
def test_a_sample_takes_as_long_as_the_clock_needs(
    monkeypatch: pytest.MonkeyPatch, took_ns: int, loops: int
) -> None:
    now = 0
    calls = 0

    def call() -> None:
        nonlocal now, calls
        now += took_ns
        calls += 1

    clock = Clock(resolution=1, cost=1)
    monkeypatch.setattr(Clock, "shortest", 1000)
    with monkeypatch.context() as patched:
        patched.setattr(time, "perf_counter_ns", lambda: now)
        repeated, found = repeat_if_short(call, clock)
    assert found == loops
    before = calls
    repeated()
    assert calls - before == loops


def test_a_call_made_once_is_itself() -> None:
    def call() -> None: ...

    assert repeat(call, 1) is call
