"""Running on some processors only, for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kenning_lego.core.errors import ProtocolError


@contextmanager
def pinned(cpus: Sequence[int]) -> Iterator[None]:
    """Keep this thread, and threads that it starts meanwhile, on these processors.

    Args:
        cpus: numbers as the kernel counts them; empty changes nothing.

    Raises:
        ProtocolError: this process may not run on one of them.
    """
    before = os.sched_getaffinity(0)
    foreign = sorted(set(cpus) - before)
    if foreign:
        raise ProtocolError(
            f"processor {foreign[0]} is not one that the worker may run on",
            f"choose among {', '.join(map(str, sorted(before)))}",
        )
    if not cpus:
        yield
        return
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
