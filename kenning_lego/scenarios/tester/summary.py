"""What the tester prints: the table of blocks and the chosen configurations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from kenning_lego.core.records import (
    AccuracyRecord,
    BudgetRecord,
    ConfigurationRecord,
    ErrorsRecord,
    RunRecord,
    ScoreRecord,
    SegmentRecord,
)
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.judging import describe_verdict
from kenning_lego.scenarios.tester.mixing_summary import labels_of, print_mixing


def print_blocks(
    console: Console, segments: Sequence[SegmentRecord], latencies_ms: Mapping[str, float]
) -> None:
    """One row a variant, as measured on the target."""
    table = Table(title="Variants on the target", title_justify="left", box=None, pad_edge=False)
    table.add_column("variant", no_wrap=True)
    for heading in ("FLOPs kept", "parameters", "size kB", "latency ms", "of original", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    weighed = any(v.rss_bytes is not None for segment in segments for v in segment.variants)
    if weighed:
        table.add_column("loaded kB", justify="right", no_wrap=True)
        table.add_column("peak kB", justify="right", no_wrap=True)
    for segment in segments:
        original = latencies_ms[segment.variants[0].name]
        for variant in segment.variants:
            latency = latencies_ms[variant.name]
            cost = variant.accuracy_cost if segment.scalable else None
            memory = (variant.rss_bytes, variant.peak_bytes) if weighed else ()
            table.add_row(
                variant.name if segment.scalable else f"{segment.name} (fixed)",
                f"{1 - variant.ratio_reached:.0%}",
                f"{variant.parameters:,}",
                f"{variant.artifact.size_bytes / 1e3:,.1f}",
                f"{latency:.4f}",
                f"{latency / original:.0%}",
                "" if cost is None else f"{cost * 100:+.2f} pp",
                *(_number(each, ",.0f", 1e-3) for each in memory),
            )
    console.print()
    console.print(table)
    console.print()


def print_configurations(console: Console, record: RunRecord) -> None:
    """One row a configuration: the budget, what was predicted and what was measured."""
    table = Table(
        title=f"Configurations ({record.network.metric} on the test part, measured on the target)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("name", no_wrap=True)
    table.add_column("budget", no_wrap=True)
    for heading in (
        "latency ms",
        "memory MB",
        "score",
        "→ chain ms",
        "error",
        "fused ms",
        "→ score",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    labels = labels_of(record.segments)
    for each in record.configurations:
        predicted, measured = each.predicted or ScoreRecord(), each.measured or ScoreRecord()
        table.add_row(
            each.name,
            _budget(each.budget),
            _number(predicted.latency_ms, ".3f"),
            _number(predicted.memory_bytes, ",.2f", 1e-6),
            _number(predicted.score, ".2%"),
            _number(measured.latency_ms, ".3f"),
            _error(predicted, measured),
            _number(_median_ms(record, each.fused_measurement), ".3f"),
            _number(measured.score, ".2%"),
        )
    console.print()
    console.print(table)
    console.print("predicted, then → measured")
    console.print(f"memory: {MEMORY[record.memory].lower()}")
    for each in record.configurations:
        pruned = " ".join(labels[name] for name in each.variants.values())
        if each.feasible:
            console.print(f"{each.name}: {pruned} % pruned from its blocks", soft_wrap=True)
        else:
            console.print(f"{each.name} cannot be met; {_nearest(each)}", soft_wrap=True)
    for plan in record.plans:
        console.print(f"measurement of {describe_verdict(plan)}", soft_wrap=True)
    for line in (*_energies(record), *_composition(record)):
        console.print(line, soft_wrap=True)
    console.print()
    print_mixing(console, record)


def _composition(record: RunRecord) -> Iterator[str]:
    """What cutting costs, and how well latencies add up."""
    original = next((each for each in record.configurations if each.name == ORIGINAL), None)
    whole = _median_ms(record, record.whole.measurement if record.whole else None)
    if original and original.measured and original.measured.latency_ms and whole:
        fused = _median_ms(record, original.fused_measurement)
        merged = f", {fused / whole - 1:+.1%} merged from its segments" if fused else ""
        yield (
            f"the original in one piece: {whole:.3f} ms{merged}, "
            f"{original.measured.latency_ms / whole - 1:+.1%} as a chain"
        )
    if record.additivity is not None:
        plain, fitted = record.additivity.sum_errors, record.additivity.fitted_errors
        yield (
            f"sums of blocks over {len(record.additivity.runs)} composed runs: {_off(plain)}"
            + (f"; with fitted terms: {_off(fitted)}" if fitted else "; nothing to fit")
        )
        if record.additivity.engines_errors is not None:
            yield f"of these on several engines: {_off(record.additivity.engines_errors)}"
    if record.accuracy is not None:
        yield describe_errors(record.accuracy)


def describe_errors(accuracy: AccuracyRecord) -> str:
    """How well accuracy costs predicted random configurations, in the metric's units."""
    if accuracy.errors is None or accuracy.means_errors is None:
        return "no random configuration was scored"
    runs, errors, means = accuracy.runs, accuracy.errors, accuracy.means_errors
    return (
        f"predicted {accuracy.metric} of {len(runs)} random configurations: off by "
        f"{errors.median:.4f} (p95 {errors.p95:.4f}), bias {errors.bias:+.4f}; by mean losses "
        f"{means.median:.4f} (p95 {means.p95:.4f})"
    )


def _energies(record: RunRecord) -> Iterator[str]:
    """Energy of an inference with its bounds, where the target has a sensor."""
    for each in record.configurations:
        found = each.measured or ScoreRecord()
        if found.energy_mj is None or found.energy_low_mj is None or found.energy_high_mj is None:
            continue
        yield (
            f"energy of an inference of {each.name}, net of idle: {found.energy_mj:.3g} mJ "
            f"({found.energy_low_mj:.3g} to {found.energy_high_mj:.3g}), "
            f"from {found.energy_source}"
        )


def _off(errors: ErrorsRecord) -> str:
    return f"off by {errors.median:.1%} (p95 {errors.p95:.1%}), bias {errors.bias:+.1%}"


def _median_ms(record: RunRecord, name: str | None) -> float | None:
    found = record.measurement(name)
    return median(found.samples_ns) / 1e6 if found and found.samples_ns else None


def _nearest(configuration: ConfigurationRecord) -> str:
    offers = [_budget(each.budget) for each in configuration.nearest]
    blocking = "; ".join(" with ".join(conflict) for conflict in configuration.conflicts)
    way = f"{blocking} in the way; " if blocking else ""
    return f"{way}the nearest that can: {'; or '.join(offers)}"


def _budget(budget: BudgetRecord) -> str:
    bounds = []
    if budget.latency_ms is not None:
        bounds.append(f"≤ {budget.latency_ms:.3f} ms")
    if budget.memory_bytes is not None:
        bounds.append(f"≤ {budget.memory_bytes / 1e6:.2f} MB")
    return ", ".join(bounds) or "none"


def _number(value: float | None, form: str, scale: float = 1.0) -> str:
    return "—" if value is None else format(value * scale, form)


def _error(predicted: ScoreRecord, measured: ScoreRecord) -> str:
    if predicted.latency_ms is None or not measured.latency_ms:
        return "—"
    return f"{predicted.latency_ms / measured.latency_ms - 1:+.1%}"
