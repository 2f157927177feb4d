"""What a worker may use, and whether it has used more: values and verdicts, no processes."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a worker may use before the server ends it.

    Args:
        memory_bytes: memory of the process, what is swapped out included.
        request_seconds: a request that does not measure and takes longer hangs.
        plan_grace_seconds: a plan, load test or footprint hangs when it is silent for so long, or
            goes on for so long after its own `max_seconds`.
        open_files: file descriptors that the process may have open.
    """

    memory_bytes: int
    request_seconds: float
    plan_grace_seconds: float
    open_files: int


@dataclass(frozen=True, slots=True)
class Underway:
    """A request that a worker is carrying out; times in seconds on one monotonic clock.

    Args:
        name: the request's kind, such as ``PROCESS``.
        began: when the worker was given it.
        plan_seconds: `max_seconds` of what measures; None for other requests.
        measuring: when a plan told for the first time how far it is.
        heard: when it did so last.
    """

    name: str
    began: float
    plan_seconds: float | None = None
    measuring: float | None = None
    heard: float | None = None

    def progressed(self, now: float) -> Underway:
        """The same request, after it told how far it is."""
        first = now if self.measuring is None else self.measuring
        return replace(self, measuring=first, heard=now)


def overdue(limits: WorkerLimits, request: Underway, now: float) -> str | None:
    """Why a request counts as hanging at `now`, or None while it does not.

    A plan's own time begins with its first progress: before that it loads artifacts, which its
    `max_seconds` does not cover.
    """
    if request.plan_seconds is None:
        if now - request.began > limits.request_seconds:
            return f"{request.name} took longer than {limits.request_seconds:g} s"
        return None
    grace = limits.plan_grace_seconds
    if now - (request.began if request.heard is None else request.heard) > grace:
        return f"{request.name} took longer than {grace:g} s without any progress"
    if request.measuring is not None and now - request.measuring > request.plan_seconds + grace:
        return f"{request.name} took longer than its own {request.plan_seconds:g} s + {grace:g} s"
    return None


def excess(limit_bytes: int, used_bytes: int) -> str | None:
    """Why that much memory is too much, or None when it is not."""
    return memory_exceeded(limit_bytes) if used_bytes > limit_bytes else None


def memory_exceeded(limit_bytes: int) -> str:
    """The reason that a worker was ended for its memory, whoever ended it."""
    return f"exceeded its memory limit of {limit_bytes / 1e6:.0f} MB"
