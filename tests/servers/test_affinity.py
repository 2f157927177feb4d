"""Running on some processors only."""

from __future__ import annotations

import os

import pytest

from kenning_lego.core.errors import ProtocolError
from kenning_lego.servers.affinity import pinned


def test_only_the_named_processors_are_used_and_all_again_afterwards() -> None:
    before = os.sched_getaffinity(0)
    one = min(before)
    with pinned([one]):
        assert os.sched_getaffinity(0) == {one}
    assert os.sched_getaffinity(0) == before


def test_processors_are_given_back_after_a_failure() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(ValueError, match="broken"), pinned([min(before)]):
        raise ValueError("broken")
    assert os.sched_getaffinity(0) == before


def test_no_processors_are_all_of_them() -> None:
    before = os.sched_getaffinity(0)
    with pinned([]):
        assert os.sched_getaffinity(0) == before


def test_processor_that_is_not_there_is_refused() -> None:
    with pytest.raises(ProtocolError, match="processor 4000 is not one"), pinned([4000]):
        pass
