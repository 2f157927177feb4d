"""What holds for all tests."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is up to the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])


def pytest_configure() -> None:
    """Let no time limit decide, and mind Ctrl-C.

    What a shell starts in the background ignores it, and so would its children.
    """
    settings.load_profile("untimed")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: at the end the other processes would wait for it."""
    items.sort(key=lambda each: each.get_closest_marker("long") is None)
