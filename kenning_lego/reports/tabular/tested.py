"""Tables of a run: the configurations, what was timed, the variants of the blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kenning_lego.core.records import ConfigurationRecord, RunRecord, ScoreRecord, SegmentRecord
from kenning_lego.core.tables import Column, Table, Value, table_of
from kenning_lego.reports.tabular.timed import LATENCY, latency, measurements

_CONFIGURATIONS = (
    Column("configuration", "text"),
    Column("feasible", "flag", in_full=True),
    Column("budget_latency_ms"),
    Column("budget_memory_bytes", "bytes"),
    Column("budget_energy_mj"),
    Column("predicted_latency_ms"),
    *LATENCY,
    Column("fused_latency_ms"),
    Column("predicted_memory_bytes", "bytes", in_full=True),
    Column("memory_bytes", "bytes"),
    Column("predicted_score"),
    Column("score"),
    Column("energy_mj"),
    Column("energy_low_mj", in_full=True),
    Column("energy_high_mj", in_full=True),
    Column("solver", "text", in_full=True),
    Column("gap", in_full=True),
    Column("variants", "text", in_full=True),
)
_VARIANTS = (
    Column("block", "text"),
    Column("variant", "text"),
    Column("type", "text"),
    Column("way", "text"),
    Column("ratio", "share"),
    Column("ratio_reached", "share", in_full=True),
    Column("flops", digits=0, heading="FLOPs"),
    Column("parameters", digits=0),
    Column("size_bytes", "bytes"),
    Column("loaded_bytes", "bytes"),
    Column("peak_bytes", "bytes"),
    Column("precision", "text", in_full=True),
    *LATENCY,
    Column("accuracy_cost"),
    Column("reconstruction_loss", in_full=True),
    Column("format", "text", in_full=True),
    Column("artifact", "text", in_full=True),
)


def run_tables(record: RunRecord) -> tuple[Table, ...]:
    """Those of a test or a baseline."""
    rows = [_configuration(each, record) for each in record.configurations]
    return (
        table_of("configurations", "Configurations", _CONFIGURATIONS, rows),
        measurements(record.measurements),
        table_of("variants", "Variants", _VARIANTS, list(_variants(record.segments, record))),
    )


def configuration_table(configuration: ConfigurationRecord) -> Table:
    """One configuration by itself, without its samples."""
    row = _figures(configuration)
    return table_of("configurations", f"Configuration {configuration.name}", _CONFIGURATIONS, [row])


def _configuration(configuration: ConfigurationRecord, record: RunRecord) -> dict[str, Value]:
    measured = latency(record.measurement(configuration.measurement))
    fused = latency(record.measurement(configuration.fused_measurement))
    known = {key: value for key, value in _figures(configuration).items() if value is not None}
    return {**measured, **known, "fused_latency_ms": fused.get("latency_ms")}


def _figures(configuration: ConfigurationRecord) -> dict[str, Value]:
    predicted = configuration.predicted or ScoreRecord()
    measured = configuration.measured or ScoreRecord()
    return {
        "configuration": configuration.name,
        "feasible": configuration.feasible,
        "budget_latency_ms": configuration.budget.latency_ms,
        "budget_memory_bytes": configuration.budget.memory_bytes,
        "budget_energy_mj": configuration.budget.energy_mj,
        "predicted_latency_ms": predicted.latency_ms,
        "latency_ms": measured.latency_ms,
        "predicted_memory_bytes": predicted.memory_bytes,
        "memory_bytes": measured.memory_bytes,
        "predicted_score": predicted.score,
        "score": measured.score,
        "energy_mj": measured.energy_mj,
        "energy_low_mj": measured.energy_low_mj,
        "energy_high_mj": measured.energy_high_mj,
        "solver": configuration.solver,
        "gap": configuration.gap,
        "variants": " ".join(configuration.variants.values()),
    }


def _variants(segments: Sequence[SegmentRecord], record: RunRecord) -> Iterator[dict[str, Value]]:
    for segment in segments:
        for variant in segment.variants:
            yield {
                **latency(record.measurement(variant.measurement)),
                "block": segment.name,
                "variant": variant.name,
                "type": variant.kind if segment.scalable else "fixed",
                "way": variant.way,
                "ratio": variant.ratio,
                "ratio_reached": variant.ratio_reached,
                "flops": variant.flops,
                "parameters": variant.parameters,
                "size_bytes": variant.artifact.size_bytes,
                "loaded_bytes": variant.rss_bytes,
                "peak_bytes": variant.peak_bytes,
                "precision": variant.artifact.precision,
                "accuracy_cost": variant.accuracy_cost,
                "reconstruction_loss": variant.reconstruction_loss,
                "format": variant.artifact.format,
                "artifact": variant.artifact.digest,
            }
