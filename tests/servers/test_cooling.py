"""Waiting for a board to cool down."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from kenning_lego.servers.cooling import LOOK_INTERVAL_S, CoolDown


class Board:
    """Its temperatures, one a look; time passes only in sleep."""

    def __init__(self, *temperatures: float | None) -> None:
        self.temperatures = list(temperatures)
        self.now = 100.0
        self.looks = 0

    def hottest_c(self) -> float | None:
        self.looks += 1
        return self.temperatures.pop(0) if len(self.temperatures) > 1 else self.temperatures[0]

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    made = Board(80.0, 75.0, 69.0)
    with monkeypatch.context() as patched:
        patched.setattr(time, "sleep", made.sleep)
        patched.setattr(time, "monotonic", lambda: made.now)
        yield made


def test_it_waits_until_the_board_is_cool(board: Board) -> None:
    cool_down = CoolDown(70.0, 60.0, board.hottest_c, lambda: False)
    assert cool_down()
    assert cool_down.waited_s == 2 * LOOK_INTERVAL_S
    assert not cool_down()


def test_it_does_not_wait_for_ever(board: Board) -> None:
    board.temperatures = [90.0]
    cool_down = CoolDown(70.0, 3.0, board.hottest_c, lambda: False)
    assert cool_down()
    assert cool_down.waited_s == 3.0
    assert not cool_down()  # the time is for all rounds together
    assert cool_down.waited_s == 3.0


def test_a_cancelled_plan_does_not_wait(board: Board) -> None:
    cool_down = CoolDown(70.0, 60.0, board.hottest_c, lambda: True)
    assert not cool_down()
    assert cool_down.waited_s == 0.0


def test_without_sensors_or_a_bound_it_does_not_wait(board: Board) -> None:
    board.temperatures = [None]
    assert not CoolDown(70.0, 60.0, board.hottest_c, lambda: False)()
    assert not CoolDown(None, 60.0, board.hottest_c, lambda: False)()
    assert board.looks == 1
