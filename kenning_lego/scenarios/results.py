"""Find what runs left behind: list, show, tag, compare, export, prune.

A run is named by its id, a beginning of it, the characters behind its last
hyphen, or `latest`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kenning_lego.core.actions import run_action
from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import Main, run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.keeping.configuration import (
    ExportConfig,
    ListConfig,
    NoteConfig,
    PruneConfig,
    ShowConfig,
    TagConfig,
)

C = TypeVar("C", bound=Component)


def main(arguments: Sequence[str]) -> int:
    """Run the action that the first argument names.

    Raises:
        UnknownNameError: there is no such action.
    """
    return run_action("results", __doc__ or "", ACTIONS, arguments)


def _list(arguments: Sequence[str]) -> int:
    """List runs, the newest first."""
    config = _parse(ListConfig, "list", arguments, _list, example='--where "latency_ms<12"')
    from kenning_lego.scenarios.keeping.actions import list_runs

    list_runs(config)
    return 0


def _show(arguments: Sequence[str]) -> int:
    """Show what a run's record holds, as tables."""
    config = _parse(ShowConfig, "show", arguments, _show, "ids", "latest --table measurements")
    from kenning_lego.scenarios.keeping.actions import show

    show(config)
    return 0


def _tag(arguments: Sequence[str]) -> int:
    """Give runs a tag, or take it away; what has a tag is never pruned."""
    config = _parse(TagConfig, "tag", arguments, _tag, "words", "latest paper-table-2")
    from kenning_lego.scenarios.keeping.actions import tag

    tag(config)
    return 0


def _note(arguments: Sequence[str]) -> int:
    """Note something of a run."""
    config = _parse(NoteConfig, "note", arguments, _note, "words", 'latest "with the new fan"')
    from kenning_lego.scenarios.keeping.actions import note

    note(config)
    return 0


def _compare(arguments: Sequence[str]) -> int:
    """Compare runs as the verb compare does."""
    from kenning_lego.scenarios import compare

    example = "20260601 latest --threshold 0.05"
    _parse(compare.CompareConfig, "compare", arguments, _compare, "records", example)
    return compare.main(arguments)


def _export(arguments: Sequence[str]) -> int:
    """Write rows of many runs as CSV, JSON or Parquet."""
    example = "--tag paper --output table.csv"
    config = _parse(ExportConfig, "export", arguments, _export, "ids", example)
    from kenning_lego.scenarios.keeping.actions import export

    export(config)
    return 0


def _prune(arguments: Sequence[str]) -> int:
    """Remove runs without a tag, and artifacts that nothing refers to."""
    config = _parse(PruneConfig, "prune", arguments, _prune, example="--keep 5 --older-than 90d")
    from kenning_lego.scenarios.keeping.actions import prune

    prune(config)
    return 0


ACTIONS: Mapping[str, Main] = {
    "list": _list,
    "show": _show,
    "tag": _tag,
    "note": _note,
    "compare": _compare,
    "export": _export,
    "prune": _prune,
}


def _parse(
    model: type[C],
    name: str,
    arguments: Sequence[str],
    action: Callable[..., int],
    positional: str | None = None,
    example: str = "",
) -> C:
    command = f"kenning-lego results {name}"
    return parse_configuration(
        model,
        arguments,
        program=command,
        description=action.__doc__ or "",
        positional=positional,
        example=f"{command} {example}",
    )


if __name__ == "__main__":
    sys.exit(run(main))
