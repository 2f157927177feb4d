"""What a running pipeline was asked for, and who wants to hear what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.switching import Preloaded, Switched

OnSwitched = Callable[[Switched | KenningLegoError], None]
OnPreloaded = Callable[[Preloaded], None]


class SupersededError(KenningLegoError):
    """A newer request came before this one was carried out."""

    code = "superseded"
    """For hosts, in ERROR."""


@dataclass(slots=True)
class Goal:
    """A configuration on its way, and what that has cost so far.

    Args:
        stages: sha256 of its artifacts in order.
        may_pause: whether frames may wait for it.
        on_end: called once with what came of it.
        began_ns: when it was asked for.
        prepared: whether all of it was loaded then.
        way_back: whether it is where a request that failed began.
        frame: the first that it runs.
        ready_ns: when it took over.
        loaded_bytes: of artifacts.
        evicted_bytes: of artifacts.
        paused_ns: for how long frames were paused.
    """

    stages: tuple[str, ...]
    may_pause: bool
    on_end: OnSwitched
    began_ns: int
    prepared: bool = False
    way_back: bool = False
    frame: int = 0
    ready_ns: int = 0
    loaded_bytes: int = 0
    evicted_bytes: int = 0
    paused_ns: int = 0

    def switched(self) -> Switched:
        """What came of it, once it has taken over."""
        return Switched(
            self.frame,
            (self.ready_ns - self.began_ns) / 1e9,
            self.prepared,
            self.loaded_bytes,
            self.evicted_bytes,
            self.paused_ns / 1e9,
        )


def await_switched(ask: Callable[[OnSwitched], object]) -> Switched:
    """Ask for a configuration and wait until it has taken over.

    Raises:
        KenningLegoError: it has not.
    """
    ended = threading.Event()
    outcomes: list[Switched | KenningLegoError] = []

    def on_end(outcome: Switched | KenningLegoError) -> None:
        outcomes.append(outcome)
        ended.set()

    ask(on_end)
    ended.wait()
    if isinstance(outcomes[0], KenningLegoError):
        raise outcomes[0]
    return outcomes[0]


def await_preloaded(ask: Callable[[OnPreloaded], object]) -> Preloaded:
    """Ask for artifacts and wait until those are loaded for which there is room."""
    ended = threading.Event()
    outcomes: list[Preloaded] = []

    def on_end(outcome: Preloaded) -> None:
        outcomes.append(outcome)
        ended.set()

    ask(on_end)
    ended.wait()
    return outcomes[0]
