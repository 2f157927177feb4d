"""What scenarios share that go step by step and end with a record and its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console

from kenning_lego.core.configuration import Component
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.output import current
from kenning_lego.reports.write import write_report
from kenning_lego.scenarios.progress import Steps
from kenning_lego.scenarios.step_counts import REPORTING
from kenning_lego.store.keeping import keep_record

C = TypeVar("C", bound=Component)
R = TypeVar("R", bound=AnyRecord)


@dataclass(frozen=True, slots=True)
class Reported(Generic[R]):
    """A record, and where it and its page are."""

    record: R
    record_path: Path
    report_path: Path


class Staged(Generic[C]):
    """One run of such a scenario.

    Args:
        config: what to do.
        console: where to tell about it.
        command: recorded as the way to repeat it.
        steps: how many there are.
    """

    def __init__(self, config: C, console: Console, command: Sequence[str], steps: int) -> None:
        self.config = config
        self.console = console
        self.command = tuple(command)
        self.step = Steps(console, steps)

    def say(self, text: str) -> None:
        """A line about the work."""
        self.console.print(text, soft_wrap=True, markup=False)

    def keep(self, record: R, run: Path) -> Reported[R]:
        """Keep the record in the directory of its run, then write its page: the last step."""
        path = keep_record(record, run)
        with self.step(REPORTING):
            page = write_report(record, run)
        return Reported(record, path, page)


def tell_results(reported: Reported[R], figures: Mapping[str, Any]) -> None:
    """Say where the results are, and the figures that programs want to know."""
    output = current()
    output.figures(**figures)
    output.wrote("record", reported.record_path)
    output.wrote("report", reported.report_path)
