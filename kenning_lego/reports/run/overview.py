"""What the top of the page says: how fast, how sure, which configuration, how accurate, on what."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kenning_lego.reports.document.parts import (
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Remarks,
    Section,
)
from kenning_lego.reports.environment import board
from kenning_lego.reports.formatting import (
    NO_BREAK,
    TIME_NS,
    TIMES,
    Figures,
    counted,
    milliseconds,
    share,
    significant,
    size,
)
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.budgets import bounds
from kenning_lego.reports.run.findings import Findings, Outcome
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.reports.run.remarks import remarks


def summary(findings: Findings) -> Section:
    """Sum a run up: the answer, its figures, and what to know before relying on them."""
    parts: list[Part] = [
        Paragraph(_answer(findings), "answer"),
        KeyFigures(tuple(_figures(findings))),
    ]
    known = tuple(remarks(findings))
    if known:
        parts.append(Remarks(known))
    return Section("summary", "Summary", tuple(parts), frozenset({"summary"}), unseen=True)


def _answer(findings: Findings) -> str:
    record, main, quality = findings.record, findings.main, Quality.of(findings.record)
    name = record.network.name
    place = board(record.target.environment)
    where = f" on {place}" if place else ""
    latency = milliseconds(main.latency_ms)
    if latency is None:
        variants = sum(len(segment.variants) for segment in record.segments)
        return (
            f"{name} was cut into {counted(len(record.segments), 'segment')} with"
            f" {counted(variants, 'variant')}. No latency was measured{where}."
        )
    if main.configuration is None:
        runs = main.measured.latency_ms is not None
        how = "runs in" if runs else "takes, as the sum of its segments' medians,"
        score = quality.score(main.score)
        scored = f" and scores {score} {quality.name}" if score else ""
        return f"{name} {how} {latency}{_sure(main)}{where}{scored}."
    how = "runs" if main.measured.latency_ms is not None else "is predicted to run"
    faster = _faster(findings)
    score = quality.score(main.score)
    within = ", ".join(bounds(main.configuration.budget))
    asked = f" ({within})" if within else ""
    return "".join(
        (
            f"Configuration “{main.name}”{asked} of {name} {how} in {latency}{_sure(main)}{where}",
            f", {faster}" if faster else "",
            f", and scores {score} {quality.name}" if score else "",
            ".",
        )
    )


def _sure(main: Outcome) -> str:
    """How well the measured median is known."""
    width = main.timing.summary.relative_half_width if main.timing else None
    known = width is not None and math.isfinite(width) and main.measured.latency_ms is not None
    return f" (known to within {share(width)})" if known else ""


def _faster(findings: Findings) -> str | None:
    """The main outcome's speed against the original's."""
    main, original = findings.main, findings.original
    if main is original or not main.latency_ms or not original.latency_ms:
        return None
    ratio = significant(original.latency_ms / main.latency_ms)
    return f"{ratio} times as fast as the original"


def _figures(findings: Findings) -> Iterator[KeyFigure]:
    main, original = findings.main, findings.original
    quality = Quality.of(findings.record)
    derived = main is not original
    measured = main.measured.latency_ms is not None
    value = milliseconds(main.latency_ms)
    note = _interval(main) if measured else "predicted, not measured" if value else ""
    yield KeyFigure("Median latency", value, note)
    yield from _tail(main)
    if derived and original.latency_ms and main.latency_ms:
        ratio = significant(original.latency_ms / main.latency_ms)
        sum_ = "" if original.measured.latency_ms is not None else ", sum of its segments"
        before = milliseconds(original.latency_ms)
        yield KeyFigure("Speed-up", f"{ratio}{TIMES}", f"original {before}{sum_}")
    yield _score(main, original, quality, derived=derived, findings=findings)
    memory = size(main.memory_bytes)
    was = size(original.memory_bytes)
    yield KeyFigure(
        MEMORY[findings.record.memory], memory, f"original {was}" if derived and was else ""
    )
    if derived and main.latency_error is not None:
        yield KeyFigure(
            "Prediction error",
            share(main.latency_error, signed=True),
            f"{_prediction(findings)} against the composed network",
        )


def _prediction(findings: Findings) -> str:
    additivity = findings.record.additivity
    fitted = additivity is not None and additivity.fitted_errors is not None
    return "sum of block medians and fitted terms" if fitted else "sum of block medians"


def _tail(main: Outcome) -> Iterator[KeyFigure]:
    """The highest percentile that has enough samples."""
    summary = main.timing.summary if main.timing else None
    if summary is None:
        return
    tails = {"99th": summary.p99, "95th": summary.p95, "90th": summary.p90}
    for name, percentile in tails.items():
        if percentile is not None:
            value = milliseconds(percentile.value / 1e6)
            between = _between(percentile.value, percentile.low, percentile.high)
            yield KeyFigure(f"{name} percentile", value, f"95 % interval {between}")
            return


def _score(
    main: Outcome, original: Outcome, quality: Quality, *, derived: bool, findings: Findings
) -> KeyFigure:
    network = findings.record.network
    part = network.samples.get("test")
    on = f"{network.dataset} test"
    if part is not None:
        on = f"{counted(part, 'sample')} of {network.dataset}"
    if main.score is None:
        validation = quality.score(network.validation_score) if not derived else None
        return KeyFigure(quality.name, validation, "on the validation part" if validation else "")
    predicted = "" if main.measured.score is not None else ", predicted"
    if derived and original.score is not None:
        change = quality.difference(main.score - original.score, signed=True) or ""
        note = f"{quality.with_unit(change)} against the original"
    else:
        note = f"on {on}"
    return KeyFigure(quality.name, quality.score(main.score), note + predicted)


def _interval(main: Outcome) -> str:
    if main.timing is None:
        return ""
    summary, verdict = main.timing.summary, main.timing.record.verdict
    low, high = summary.median_low, summary.median_high
    said = [counted(summary.count, "run")]
    if low is not None and high is not None:
        said.insert(0, f"95 % interval {_between(summary.median, low, high)}")
    if verdict is not None:
        said.append(verdict.name.replace("_", " "))
    return ", ".join(said)


def _between(middle: float, low: float, high: float) -> str:
    """Two bounds in the unit of what is between them, in one piece."""
    column = Figures.fitting([middle], TIME_NS, 4)
    words = (column.number(low), "to", column.number(high), column.unit.symbol)
    return NO_BREAK.join(each for each in words if each)
