"""The chart of one measurement's runs in order, with what its verdict says of them."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.reports.drawing.in_order import Change, InOrder, in_order_chart
from kenning_lego.reports.formatting import share
from kenning_lego.reports.run.findings import Findings

_FEWEST = 8
_SERIES = {"it": "", "all together": "all_together_", "the reference": "reference_"}
"""What verdicts speak of, and what the names of its figures begin with."""


def runs_chart(findings: Findings, identity: str, width: float) -> str | None:
    """The runs behind the main latency, in the order in which they were made.

    Returns:
        An SVG of `width` px, or None with too few runs to see anything in.
    """
    timing = findings.main.timing
    if timing is None or timing.summary.count < _FEWEST:
        return None
    low, high = timing.summary.median_low, timing.summary.median_high
    shown = InOrder(
        f"Runs of {timing.record.name} in order",
        "run",
        timing.record.samples_ns,
        timing.ascending,
        None if low is None or high is None else (low, high),
        tuple(_changes(timing.record)),
    )
    return in_order_chart(shown, identity, width)


def _changes(record: MeasurementRecord) -> Iterator[Change]:
    """Where the level changed and stayed so, if the record's verdict says that it did."""
    verdict = record.verdict
    if verdict is None:
        return
    for series, prefix in _SERIES.items():
        found = any(
            reason.startswith(f"{series} became") and reason.endswith("stayed so")
            for reason in verdict.reasons
        )
        at = verdict.figures.get(f"{prefix}step_at")
        change = verdict.figures.get(f"{prefix}step")
        if found and at is not None and change is not None and 0 <= at <= 1:
            slower = "slower" if change > 0 else "faster"
            yield Change(at, f"{series} {share(abs(change))} {slower} from here")
