"""What a baseline prints: a row for torch, and one for each compiler's artifact."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kenning_lego.core.records import ConfigurationRecord, RunRecord
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.judging import describe_verdict
from kenning_lego.stats.summary import Summary, summarize

_FIGURES = ("median", "mean", "std", "min", "p99", "max")


def print_baseline(console: Console, record: RunRecord) -> None:
    """The distribution of latencies in ms, the size and the score of each."""
    table = Table(title="Baseline on this host", title_justify="left", box=None, pad_edge=False)
    table.add_column("network", no_wrap=True)
    figures = (f"{each} ms" for each in _FIGURES)
    for heading in (*figures, f"{MEMORY[record.memory]} kB", record.network.metric):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in record.configurations:
        table.add_row(*_row(each, record))
    console.print()
    console.print(table)
    console.print()
    for plan in record.plans:
        console.print(describe_verdict(plan), soft_wrap=True, markup=False)


def _row(configuration: ConfigurationRecord, record: RunRecord) -> Iterator[str]:
    measurement, measured = record.measurement(configuration.measurement), configuration.measured
    yield escape("in torch" if configuration.name == ORIGINAL else configuration.name)
    samples = measurement.samples_ns if measurement else ()
    yield from _distribution(summarize(samples))
    memory = measured.memory_bytes if measured else None
    yield "" if memory is None else f"{memory / 1e3:,.1f}"
    score = measured.score if measured else None
    yield "" if score is None else f"{score:.4f}"


def _distribution(summary: Summary) -> Iterator[str]:
    """As :data:`_FIGURES` are named; empty where there were too few samples."""
    p99 = summary.p99.value if summary.p99 else None
    figures = (
        summary.median,
        summary.mean,
        summary.std,
        summary.minimum,
        p99,
        summary.maximum,
    )
    yield from ("" if each is None else f"{each / 1e6:.4f}" for each in figures)
