"""What a search prints: a table of its candidates, those that failed, and the best one."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kenning_lego.core.optimisation_records import CandidateRecord, OptimisationRecord
from kenning_lego.scenarios.tester.judging import describe_verdict


def print_search(console: Console, record: OptimisationRecord) -> None:
    """One row a measured candidate, the fastest first; then what became of the others."""
    console.print()
    console.print(_table(record))
    console.print()
    for line in lines_of(record):
        console.print(line, soft_wrap=True, markup=False)


def lines_of(record: OptimisationRecord) -> Iterator[str]:
    """Everything beside the table."""
    for each in record.candidates:
        if each.state != "measured":
            yield f"{each.name} {each.state} ({each.stage}): {each.reason}"
    for plan in record.plans:
        yield describe_verdict(plan)
    found = record.candidate(record.best)
    if found is None:
        yield "no candidate keeps the limits" if _measured(record) else "no candidate was measured"
        return
    score = "" if found.test_score is None else f"; on the test part {found.test_score:.4f}"
    yield (
        f"best in {record.goal} within the limits: {found.name}: {found.latency_ms:.4f} ms, "
        f"{(found.size_bytes or 0) / 1e3:,.1f} kB, {record.network.metric} {found.score:.4f} on "
        f"{record.scored_on} images of the validation part{score}"
    )


def _table(record: OptimisationRecord) -> Table:
    table = Table(title="Candidates on the target", title_justify="left", box=None, pad_edge=False)
    table.add_column("candidate", no_wrap=True)
    metric = record.network.metric
    headings = ("latency ms", "size kB", f"{metric} (validation)", f"{metric} (test)")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for each in sorted(_measured(record), key=lambda found: found.latency_ms or 0.0):
        test = "" if each.test_score is None else f"{each.test_score:.4f}"
        table.add_row(
            escape(each.name),
            f"{each.latency_ms:.4f}",
            f"{(each.size_bytes or 0) / 1e3:,.1f}",
            f"{each.score:.4f}",
            test,
            _said(each, record),
        )
    return table


def _said(candidate: CandidateRecord, record: OptimisationRecord) -> str:
    if candidate.name == record.best:
        return "best"
    if not candidate.within_limits:
        return "beyond a limit"
    return "undominated" if candidate.undominated else ""


def _measured(record: OptimisationRecord) -> list[CandidateRecord]:
    return [each for each in record.candidates if each.state == "measured"]
