"""Rounds in a lease's journal come back as they were, up to where the writer died."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kenning_lego.core.plans import PlanLog
from kenning_lego.servers import journal
from kenning_lego.servers.journal import DIED, Column, Journal, JournalFile, recover
from kenning_lego.servers.rounds import Timed

COLUMNS = [Column(3, "a", 1, 1), Column(7, "b", 2, 4)]
LOG = PlanLog(0, 0, "", 0, False, 0.0, (), 2, ())


@pytest.fixture
def descriptor() -> Iterator[int]:
    file = JournalFile()
    yield file.fileno()
    file.forget()


def timed(rounds: int) -> Timed:
    return Timed(
        {3: list(range(rounds)), 7: list(range(2 * rounds))},
        reference=[5] * 2 * rounds,
        round_ends_ns=list(range(10, 10 + rounds)),
        stopped="precise",
    )


def test_finished_plan_comes_back_whole(descriptor: int) -> None:
    log = replace(LOG, stopped="precise", warmup_rounds=4, warm=True, cooled_s=1.5)
    Journal(descriptor, COLUMNS, LOG).end(timed(3), log)
    measurements, (found,) = recover(descriptor)
    assert found == replace(log, reference_ns=(5,) * 6, round_ends_ns=(10, 11, 12))
    a, b = measurements
    assert (a.name, a.samples_ns, a.per_round, a.loops) == ("a", (0, 1, 2), 1, 1)
    assert (b.name, b.samples_ns, b.per_round, b.loops) == ("b", (0, 1, 2, 3, 4, 5), 2, 4)
    assert a.stopped == b.stopped == "precise"


def test_plan_without_an_end_died_and_keeps_what_was_noted(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "INTERVAL_S", 0.0)
    writer = Journal(descriptor, COLUMNS, LOG)
    for rounds in (1, 2, 4):
        writer.note(timed(rounds))
    measurements, (found,) = recover(descriptor)
    assert found.stopped == DIED
    assert found.round_ends_ns == (10, 11, 12, 13)
    assert [each.samples_ns for each in measurements] == [tuple(range(4)), tuple(range(8))]


def test_piece_that_was_cut_off_is_dropped_and_the_next_worker_goes_on_behind_the_whole(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "INTERVAL_S", 0.0)
    writer = Journal(descriptor, COLUMNS, LOG)
    writer.note(timed(2))
    writer.note(timed(5))
    os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_END) - 3)
    measurements, _ = recover(descriptor)
    assert measurements[0].samples_ns == (0, 1)
    Journal(descriptor, COLUMNS, replace(LOG, plan=1)).end(
        timed(1), replace(LOG, plan=1, stopped="precise")
    )
    measurements, logs = recover(descriptor)
    assert [log.stopped for log in logs] == [DIED, "precise"]
    assert [each.plan for each in measurements] == [1, 1]


def test_journal_stops_growing_at_its_limit(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_BYTES", 1000)
    writer = Journal(descriptor, COLUMNS, LOG)
    writer.end(timed(100), LOG)
    assert os.lseek(descriptor, 0, os.SEEK_END) <= 1000
    _, (found,) = recover(descriptor)
    assert found.round_ends_ns == ()


def test_rounds_behind_those_that_found_no_room_are_left_out_too(
    descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "INTERVAL_S", 0.0)
    monkeypatch.setattr(journal, "MAX_BYTES", 1000)
    writer = Journal(descriptor, COLUMNS, LOG)
    writer.note(timed(2))
    writer.note(timed(50))
    writer.end(timed(51), replace(LOG, stopped="precise"))
    measurements, (found,) = recover(descriptor)
    assert found.round_ends_ns == (10, 11)
    assert measurements[0].samples_ns == (0, 1)


def test_forgotten_journal_starts_empty() -> None:
    file = JournalFile()
    Journal(file.fileno(), COLUMNS, LOG)
    file.forget()
    assert recover(file.fileno()) == ([], [])
    file.forget()
