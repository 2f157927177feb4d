from __future__ import annotations

import io

import pytest
from rich.console import Console

from kenning_lego.scenarios.progress import Track, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3600, "60 min"),
        (5399, "90 min"),
        (9000, "2.5 h"),
    ],
)
def test_durations_are_no_more_exact_than_an_estimate(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_lines_tell_what_is_left_from_the_pace_of_this_run(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1e9]
    monkeypatch.setattr("kenning_lego.scenarios.progress.time.monotonic", lambda: clock[0])
    out = io.StringIO()
    track = Track(Console(file=out, width=100), "retrain")
    for done in (600, 610, 620):  # 600 were done by an earlier run
        clock[0] += 20
        track.update(done, 1000, "epoch 3 of 5")
    assert out.getvalue().splitlines() == [
        "  retrain: 60% epoch 3 of 5",
        "  retrain: 61% epoch 3 of 5, about 13 min left",
        "  retrain: 62% epoch 3 of 5, about 13 min left",
    ]
