"""Verdicts about workers, from values alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kenning_lego.servers.limits import Underway, WorkerLimits, excess, overdue
from kenning_lego.servers.limits_config import WorkerLimitsConfig, available_memory

LIMITS = WorkerLimits(
    memory_bytes=512_000_000, request_seconds=60, plan_grace_seconds=30, open_files=256
)


def plan(began: float = 1000.0, seconds: float = 100.0) -> Underway:
    return Underway("PLAN", began, seconds)


def test_memory_up_to_the_limit_is_fine() -> None:
    assert excess(512_000_000, 512_000_000) is None
    assert excess(512_000_000, 512_000_001) == "exceeded its memory limit of 512 MB"


def test_request_hangs_once_it_took_longer_than_its_time() -> None:
    request = Underway("PROCESS", 1000.0)
    assert overdue(LIMITS, request, 1060.0) is None
    assert overdue(LIMITS, request, 1060.1) == "PROCESS took longer than 60 s"


def test_plan_may_take_longer_than_other_requests() -> None:
    request = plan()
    for now in range(1001, 1100, 10):
        assert overdue(LIMITS, request, now) is None
        request = request.progressed(now)


def test_plan_hangs_that_never_tells_progress() -> None:
    assert overdue(LIMITS, plan(), 1030.0) is None
    reason = overdue(LIMITS, plan(), 1030.1)
    assert reason == "PLAN took longer than 30 s without any progress"


def test_plan_hangs_that_falls_silent() -> None:
    request = plan().progressed(1010.0).progressed(1025.0)
    assert overdue(LIMITS, request, 1055.0) is None
    assert "without any progress" in (overdue(LIMITS, request, 1055.1) or "")


def test_time_to_load_is_not_counted_against_the_plan_itself() -> None:
    begun = plan().progressed(1025.0)
    late = begun.progressed(1154.0)
    assert overdue(LIMITS, late, 1155.0) is None
    assert overdue(LIMITS, late, 1155.1) == "PLAN took longer than its own 100 s + 30 s"


def test_defaults_leave_the_system_some_memory() -> None:
    limits = WorkerLimitsConfig().limits()
    assert 0 < limits.memory_bytes < available_memory() * 1.5
    assert (limits.request_seconds, limits.open_files) == (60, 256)


def test_flags_become_limits() -> None:
    limits = WorkerLimitsConfig(memory_mb=1.5, request_seconds=2, plan_grace_seconds=3).limits()
    assert (limits.memory_bytes, limits.request_seconds, limits.plan_grace_seconds) == (
        1_500_000,
        2,
        3,
    )


@pytest.mark.parametrize(
    "values", [{"memory_mb": 0}, {"request_seconds": -1}, {"open_files": 3}, {"processes": 1}]
)
def test_limits_without_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        WorkerLimitsConfig.model_validate(values)
