"""The actions of ``results``, once it is known what is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.output import current
from kenning_lego.reports.formatting import counted, size
from kenning_lego.scenarios.keeping.configuration import (
    ExportConfig,
    FilterConfig,
    ListConfig,
    NoteConfig,
    PruneConfig,
    ShowConfig,
    TagConfig,
    WhereConfig,
)
from kenning_lego.scenarios.keeping.moments import age
from kenning_lego.scenarios.keeping.pruning import Policy, Pruning, carry_out, plan_pruning
from kenning_lego.scenarios.keeping.result import Result
from kenning_lego.scenarios.keeping.results import Results, results
from kenning_lego.scenarios.keeping.scanning import OnRead
from kenning_lego.store.labels import Labels, read_labels, write_labels

if TYPE_CHECKING:
    from kenning_lego.scenarios.progress import Track

_MANY = 50
"""Records from which reading them for the first time takes long enough to be told."""


def list_runs(config: ListConfig) -> None:
    """List the runs that the filters leave."""
    from kenning_lego.scenarios.keeping.listing import print_results
    from kenning_lego.scenarios.progress import make_console

    found = _filtered(_all(config), config)
    shown = found if config.newest is None else found[: config.newest]
    output = current()
    output.answer([row(each) for each in shown])
    if not shown:
        output.tell("no run is there" if not found else "no run is left")
    elif output.mode.quiet:
        output.give("\n".join(each.id for each in shown))
    else:
        print_results(make_console(), shown, datetime.now(timezone.utc))


def show(config: ShowConfig) -> None:
    """Show runs."""
    from kenning_lego.scenarios.keeping.showing import as_document, print_result
    from kenning_lego.scenarios.progress import make_console

    found = _named(_all(config), config.ids)
    if current().mode.json:
        current().answer([as_document(each) for each in found])
        return
    console = make_console()
    for number, each in enumerate(found):
        if number:
            console.print()
        print_result(console, each, config.rows, config.table)


def tag(config: TagConfig) -> None:
    """Give runs a tag, or take it away."""
    *ids, name = config.words or ("",)
    if not ids:
        raise ConfigurationError("which runs, and which tag?", "kenning-lego results tag ID... TAG")
    found = _named(_all(config), ids)
    changed: list[tuple[Result, Labels]] = []
    for each in found:  # all are read and checked before any is written
        before = read_labels(each.path)
        changed.append((each, before.untagged([name]) if config.remove else before.tagged([name])))
    _label(changed)


def note(config: NoteConfig) -> None:
    """Note something of a run, in place of what was noted before."""
    if not config.words:
        raise ConfigurationError("of which run?", 'kenning-lego results note ID "TEXT"')
    name, *words = config.words
    found = _all(config).find(name)
    before = read_labels(found.path)
    _label([(found, Labels(before.tags, " ".join(words)))])


def export(config: ExportConfig) -> None:
    """Write rows of many runs as a file, or print them."""
    from kenning_lego.scenarios.keeping.exporting import encoded, format_of, rows_of, sample_rows
    from kenning_lego.store.atomic import write_bytes

    kind = format_of(config.format, config.output)
    every = _all(config)
    named = Results(_named(every, config.ids)) if config.ids else every
    found = _filtered(named, config)
    rows = list(sample_rows(found) if config.samples else rows_of(found, config.rows))
    output = current()
    if not rows:
        what = "samples" if config.samples else config.rows
        raise ConfigurationError(
            f"none of {counted(len(found), 'run')} has {what}",
            "leave out a filter, or name other --rows",
        )
    content = encoded(rows, kind)
    if config.output is not None:
        output.tell(f"{counted(len(rows), 'row')} of {counted(len(found), 'run')}")
        write_bytes(config.output, content)
        output.wrote("rows", config.output)
    else:
        output.answer(rows)
        output.give(content.decode().rstrip("\n"))


def prune(config: PruneConfig) -> None:
    """Say what would go, or remove it."""
    policy = Policy(config.keep, age(config.older_than) if config.older_than else None)
    now = datetime.now(timezone.utc)
    every = _all(config)
    pruning = plan_pruning(every, policy, now)
    output = current()
    if config.yes:
        carry_out(pruning)
    output.answer(_document(pruning, removed=config.yes))
    output.tell(*_said(pruning, removed=config.yes))
    if output.mode.quiet and pruning.runs:
        output.give("\n".join(str(each.path) for each in pruning.runs))


def row(result: Result) -> dict[str, object]:
    """A run for programs; its tags as a list."""
    return {**result.row(), "tags": list(result.labels.tags)}


def _all(config: WhereConfig) -> Results:
    with _reading() as on_read:
        return results(*config.workspace, on_read=on_read)


@contextmanager
def _reading() -> Iterator[OnRead]:
    with ExitStack() as stack:
        tracks: list[Track] = []

        def on_read(done: int, total: int) -> None:
            if not tracks and total >= _MANY:
                from kenning_lego.scenarios.progress import Steps, make_console

                tracks.append(stack.enter_context(Steps(make_console())("read records")))
            for track in tracks:
                track.update(done, total)

        yield on_read


def _filtered(found: Results, config: FilterConfig) -> Results:
    return found.where(
        *config.where,
        kind=config.kind,
        network=config.network,
        board=config.board,
        engine=config.engine,
        tag=config.tag,
        since=config.since,
        until=config.until,
    )


def _named(found: Results, ids: Sequence[str]) -> list[Result]:
    if not ids:
        raise ConfigurationError("which run?", "name its id, or latest")
    return list(dict.fromkeys(found.find(each) for each in ids))


def _label(changed: Sequence[tuple[Result, Labels]]) -> None:
    output = current()
    rows: list[dict[str, object]] = []
    for result, labels in changed:
        write_labels(result.path, labels)
        note = f": {labels.note}" if labels.note else ""
        output.tell(f"{result.id} [{' '.join(labels.tags)}]{note}")
        rows.append({"id": result.id, "tags": list(labels.tags), "note": labels.note})
    output.answer(rows)


def _said(pruning: Pruning, *, removed: bool) -> Iterator[str]:
    for each in pruning.runs:
        found = each.headline
        what = " ".join(filter(None, (found.kind or each.state, found.network, each.labels.note)))
        yield f"{each.path}  {what}"
    if pruning.referred:
        names = ", ".join(each.id for each in pruning.referred[:3])
        more = f" and {len(pruning.referred) - 3} more" if len(pruning.referred) > 3 else ""
        yield f"others refer to {names}{more}: kept"
    runs = f"{counted(len(pruning.runs), 'run')} ({size(pruning.run_bytes)})"
    artifacts = f"{counted(len(pruning.artifacts), 'artifact')} ({size(pruning.artifact_bytes)})"
    yield f"{'removed' if removed else 'would remove'} {runs} and {artifacts}"
    if not removed and (pruning.runs or pruning.artifacts):
        yield "nothing is removed without --yes"


def _document(pruning: Pruning, *, removed: bool) -> dict[str, object]:
    return {
        "removed": removed,
        "runs": [str(each.path) for each in pruning.runs],
        "run_bytes": pruning.run_bytes,
        "artifacts": [str(each.path) for each in pruning.artifacts],
        "artifact_bytes": pruning.artifact_bytes,
        "referred": [str(each.path) for each in pruning.referred],
    }
