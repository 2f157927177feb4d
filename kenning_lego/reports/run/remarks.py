"""What to know before relying on a run's figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kenning_lego.core.measurement_records import PlanRecord, VerdictRecord
from kenning_lego.core.records import BudgetRecord
from kenning_lego.reports.board.timeline import throttled
from kenning_lego.reports.document.parts import Remark
from kenning_lego.reports.formatting import counted, share
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.reports.run.timings import Timing

_CLOCKS = {
    "target": "Latencies were measured on the target's own clock around the engine's call.",
    "in-process": "Latencies were measured on this machine, in the host's own process, around the"
    " engine's call; no separate target took part.",
    "host": "Some latencies were measured on the host's clock and include the way to the target.",
}

_STOPPED = {
    "max_rounds": "after the most rounds allowed",
    "max_seconds": "when the time was up",
    "cancelled": "when they were cancelled",
    "worker_died": "when the target's worker died",
}
"""Ends of a measurement that come before the precision that the plan asked for."""

_FEWEST = 2


def remarks(findings: Findings) -> Iterator[Remark]:
    """What applies to a run, what matters most first."""
    record = findings.record
    yield from _over_budget(findings)
    short = [each.name for each in record.configurations if not each.feasible]
    if short:
        yield Remark(
            "warning",
            f"{counted(len(short), 'budget')} of {len(record.configurations)} cannot be met:"
            f" {', '.join(short)}. The nearest that can are listed below.",
        )
    if record.target.deployments:
        yield Remark(
            "warning",
            "The target ran pipelines of its own while it was measured:"
            f" {', '.join(record.target.deployments)}. Stop them and measure again for what the"
            " network takes by itself.",
        )
    held_back = throttled(record.telemetry)
    if held_back:
        yield Remark(
            "warning",
            f"The board held its clocks back while it was measured: {', '.join(held_back)}. Cool"
            " it, or supply it better, and measure again.",
        )
    yield from _trust(findings)
    yield from _precision(findings)
    errors = [
        abs(each.latency_error) for each in findings.outcomes if each.latency_error is not None
    ]
    if errors:
        yield Remark(
            "neutral",
            "Predicted latencies are off by at most"
            f" {share(max(errors))} from those of the composed networks.",
        )
    if findings.record.memory != "artifact":
        yield Remark(
            "neutral",
            f"Memory means: {MEMORY[findings.record.memory].lower()}, what each segment alone adds"
            " to a fresh process on the target that holds the engine; of several, the sum.",
        )
    if not record.network.samples and record.network.test_score is None:
        yield Remark(
            "neutral", "Latency alone: the data are random, so that there is no quality to measure."
        )
    if record.network.opaque:
        yield Remark(
            "neutral",
            "These parts could not be looked into, and stay as they are:"
            f" {'; '.join(f'{path} ({why})' for path, why in record.network.opaque.items())}.",
        )
    clocks = {each.record.clock for each in findings.timings.values()}
    for clock, text in _CLOCKS.items():
        if clock in clocks:
            yield Remark("neutral" if clock == "target" else "warning", text)


def _over_budget(findings: Findings) -> Iterator[Remark]:
    """Configurations that were predicted to keep their budget, and did not."""
    missed = []
    for each in findings.outcomes:
        budget = each.configuration.budget if each.configuration else BudgetRecord()
        latency, memory = each.measured.latency_ms, each.measured.memory_bytes
        over = []
        if latency and budget.latency_ms and latency > budget.latency_ms:
            over.append(f"latency by {share(latency / budget.latency_ms - 1)}")
        if memory and budget.memory_bytes and memory > budget.memory_bytes:
            over.append(f"memory by {share(memory / budget.memory_bytes - 1)}")
        if over:
            missed.append(f"{each.name} ({', '.join(over)})")
    if missed:
        yield Remark(
            "warning",
            f"{counted(len(missed), 'configuration')} of {len(findings.record.configurations)}"
            f" exceeded the budget when measured: {', '.join(missed)}. Ask for a little less than"
            " you need.",
        )


def _trust(findings: Findings) -> Iterator[Remark]:
    """What to think of each plan, the main latency's first; of bad ones what to do about it."""
    main = findings.main.timing.record if findings.main.timing else None
    name = main.name if main else None
    plans = sorted(findings.record.plans, key=lambda plan: name not in plan.measurements)
    for plan in plans:
        if plan.verdict is not None:
            yield _judged(f"The measurement of {plan.name}", plan.verdict, _ratios(plan))
    judged = any(plan.verdict and name in plan.measurements for plan in plans)
    if main is not None and main.verdict is not None and not judged:
        yield _judged(f"The measurement {main.name}", main.verdict)


def _judged(what: str, verdict: VerdictRecord, further: str = "") -> Remark:
    name = verdict.name.replace("_", " ")
    if verdict.name == "stable":
        return Remark("good", f"{what} was {name}.")
    found = "; ".join(verdict.reasons)
    why = f": {found}" if found else ""
    remedy = f" Remedy: {verdict.remedy}." if verdict.remedy else ""
    return Remark("warning", f"{what} was {name}{why}.{remedy}{further}")


def _ratios(plan: PlanRecord) -> str:
    """A sentence on what still holds where the machine did not keep its pace."""
    width = plan.at_pace_half_width
    if width is None or width > plan.asked_half_width:
        return ""
    return f" Ratios within it hold: at an even pace every median is known to {share(width)}."


def _precision(findings: Findings) -> Iterator[Remark]:
    """Whether the measurements of plans became as precise as asked."""
    planned = [each for each in findings.timings.values() if each.record.stopped != "requests"]
    if not planned:
        return
    number = counted(len(planned), "measurement")
    early = Counter(each.record.stopped for each in planned if each.record.stopped in _STOPPED)
    if not early:
        all_ = "The measurement" if len(planned) == 1 else f"All {number}"
        yield Remark("good", f"{all_} became as precise as asked.{_widest(planned)}")
        return
    how = " and ".join(_STOPPED[end] for end in early)
    yield Remark(
        "warning",
        f"{early.total()} of {number} ended {how}, before all were as precise as asked."
        f"{_widest(planned)} Allow the plan more time, or quiet the target.",
    )


def _widest(planned: Sequence[Timing]) -> str:
    """A sentence on the least precise of several medians."""
    known = [
        (width, each.record.name)
        for each in planned
        if (width := each.summary.relative_half_width) is not None
    ]
    if len(known) < _FEWEST:
        return ""
    width, name = max(known)
    return f" The least precise median, of {name}, is known to within {share(width)}."
