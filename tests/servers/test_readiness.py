"""Waiting on many descriptors at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from kenning_lego.servers.readiness import Readiness

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pairs() -> Iterator[list[Pair]]:
    made = [socket.socketpair() for _ in range(2)]
    yield made
    for pair in made:
        for end in pair:
            end.close()


@pytest.fixture
def readiness() -> Iterator[Readiness]:
    made = Readiness()
    yield made
    made.close()


def test_only_handlers_of_ready_descriptors_are_called(
    readiness: Readiness, pairs: list[Pair]
) -> None:
    called: list[str] = []
    readiness.watch(pairs[0][0].fileno(), lambda: called.append("first"))
    readiness.watch(pairs[1][0].fileno(), lambda: called.append("second"))
    pairs[1][1].send(b"x")
    readiness.wait(10.0)
    assert called == ["second"]


def test_a_handler_that_forgets_another_ready_one_keeps_it_from_being_called(
    readiness: Readiness, pairs: list[Pair]
) -> None:
    called: list[int] = []
    descriptors = [pairs[0][0].fileno(), pairs[1][0].fileno()]

    def take(mine: int) -> None:
        called.append(descriptors[mine])
        readiness.forget(descriptors[1 - mine])

    readiness.watch(descriptors[0], lambda: take(0))
    readiness.watch(descriptors[1], lambda: take(1))
    for _, end in pairs:
        end.send(b"x")
    readiness.wait(10.0)
    assert len(called) == 1


def test_the_other_end_going_away_is_news(readiness: Readiness, pairs: list[Pair]) -> None:
    called: list[str] = []
    readiness.watch(pairs[0][0].fileno(), lambda: called.append("gone"))
    pairs[0][1].close()
    readiness.wait(10.0)
    assert called == ["gone"]
