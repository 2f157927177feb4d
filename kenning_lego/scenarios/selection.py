"""Choose the best configurations for budgets from what a test has found out; measures nothing.

Exit code 3 if a budget cannot be met: what is in the way and what is near is said instead.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego import __version__
from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.core.selection_records import SelectedFromRecord, SelectionRecord
from kenning_lego.scenarios.selecting.configuration import SelectConfig

if TYPE_CHECKING:
    from kenning_lego.scenarios.selecting.asking import Asked

CANNOT_BE_MET = 3


def main(arguments: Sequence[str]) -> int:
    """Select; 3 if a demand cannot be met."""
    config = parse_configuration(
        SelectConfig,
        arguments,
        program="kenning-lego select",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        positional="workspaces",
        common=(
            "workspaces",
            "budgets",
            "goal",
            "max-loss",
            "min-score",
            "force",
            "forbid",
            "front",
            "output",
        ),
        example="kenning-lego select w --budgets latency_ms=8,memory_mb=12",
    )
    record = run_selection(config, ("kenning-lego", "select", *arguments))
    return 0 if all(each.feasible for each in record.answers) else CANNOT_BE_MET


def run_selection(config: SelectConfig, command: Sequence[str]) -> SelectionRecord:
    """Answer what is asked, print it, and write it where a place is named.

    Raises:
        KenningLegoError: see the exception tree.
    """
    from kenning_lego.scenarios.online.front_record import record_front
    from kenning_lego.scenarios.pages import write_page
    from kenning_lego.scenarios.progress import make_console
    from kenning_lego.scenarios.selecting.answering import answers
    from kenning_lego.scenarios.selecting.asking import open_networks
    from kenning_lego.scenarios.selecting.fronts import fronts_of, print_front, write_fronts
    from kenning_lego.scenarios.selecting.table import print_selection
    from kenning_lego.store.keeping import keep_record

    asked = open_networks(config)
    fronts = fronts_of(asked) if config.front else {}
    record = SelectionRecord(
        created=datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds"),
        version=__version__,
        command=tuple(command),
        scenario=config.model_dump(mode="json", by_alias=True),
        networks=tuple(
            SelectedFromRecord(
                name=each.name,
                workspace=str(each.tested.workspace.root),
                run=each.tested.record.id,
                metric=each.tested.record.network.metric,
                memory=each.tested.record.memory,
            )
            for each in asked
        ),
        answers=tuple(answers(config, asked)) if config.asks_for_choices else (),
        fronts=write_fronts(config.output, asked, fronts) if config.output else {},
        undominated={name: record_front(front) for name, front in fronts.items()},
    )
    kept = [keep_record(record, directory) for directory in _places(config, asked)]
    output = current()
    output.answer(record.model_dump(mode="json"))
    console = make_console()
    if record.answers:
        print_selection(console, record, asked)
    for each in asked:
        if each.name in fronts:
            print_front(console, each, fronts[each.name], config.front_rows)
    for front in record.fronts.values():
        output.wrote("front", front)
    for path in kept:
        output.wrote("selection", path)
        write_page(record, path.parent)
    return record


def _places(config: SelectConfig, asked: Sequence[Asked]) -> list[Path]:
    places = [] if config.output is None else [config.output]
    return [*places, asked[0].tested.workspace.new_run()] if config.keep else places


if __name__ == "__main__":
    sys.exit(run(main))
