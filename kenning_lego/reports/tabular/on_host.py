"""Tables of what was done on the host: trainings, conversions, selections, exports."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.records import ScoreRecord
from kenning_lego.core.selection_records import AnswerRecord, SelectionRecord
from kenning_lego.core.tables import Column, Table, Value, table_of
from kenning_lego.core.training_records import TrainingRecord

_EPOCHS = (
    Column("epoch", digits=0),
    Column("loss"),
    Column("validation_score"),
    Column("learning_rate"),
    Column("seconds"),
    Column("best", "flag"),
)
_CELLS = (
    Column("network", "text"),
    Column("route", "text"),
    Column("state", "text"),
    Column("seconds"),
    Column("size_bytes", "bytes"),
    Column("max_abs", heading="largest difference"),
    Column("scale", in_full=True),
    Column("problem", "text"),
    Column("error", "text", in_full=True),
)
_ANSWERS = (
    Column("configuration", "text", heading="demand"),
    Column("feasible", "flag"),
    Column("network", "text"),
    Column("budget_latency_ms"),
    Column("budget_memory_bytes", "bytes"),
    Column("budget_energy_mj"),
    Column("predicted_latency_ms"),
    Column("predicted_memory_bytes", "bytes"),
    Column("predicted_score"),
    Column("accuracy_cost"),
    Column("changed", digits=0),
    Column("solver", "text", in_full=True),
    Column("solve_ms", in_full=True),
    Column("gap", in_full=True),
    Column("variants", "text", in_full=True),
)
_EXPORTS = (
    Column("configuration", "text"),
    Column("file", "text"),
    Column("directory", "text"),
    Column("format", "text"),
    Column("size_bytes", "bytes"),
    Column("predicted_latency_ms"),
    Column("latency_ms"),
    Column("predicted_score"),
    Column("score"),
    Column("of_run", "text"),
    Column("variants", "text", in_full=True),
)


def training_tables(record: TrainingRecord) -> tuple[Table, ...]:
    """That of a training: its epochs."""
    rows: list[dict[str, Value]] = [
        {
            "epoch": number,
            "loss": each.loss,
            "validation_score": each.validation_score,
            "learning_rate": each.learning_rate,
            "seconds": each.seconds,
            "best": number == record.best_epoch,
        }
        for number, each in enumerate(record.epochs, 1)
    ]
    return (table_of("epochs", f"Epochs ({record.metric})", _EPOCHS, rows),)


def conversion_tables(record: ConversionRecord) -> tuple[Table, ...]:
    """That of conversions: one row a network and route."""
    rows: list[dict[str, Value]] = [each.model_dump(mode="python") for each in record.cells]
    return (table_of("conversions", "Conversions", _CELLS, rows),)


def selection_tables(record: SelectionRecord) -> tuple[Table, ...]:
    """That of a selection: one row a demand and network."""
    rows = [row for each in record.answers for row in _answer(each)]
    return (table_of("configurations", "Answers", _ANSWERS, rows),)


def _answer(answer: AnswerRecord) -> Iterator[dict[str, Value]]:
    asked: dict[str, Value] = {
        "configuration": answer.name,
        "feasible": answer.feasible,
        "budget_latency_ms": answer.budget.latency_ms,
        "budget_memory_bytes": answer.budget.memory_bytes,
        "budget_energy_mj": answer.budget.energy_mj,
        "solver": answer.solver,
        "solve_ms": answer.solve_ms,
        "gap": answer.gap,
    }
    if not answer.chosen:
        yield asked
    for each in answer.chosen:
        yield {
            **asked,
            "network": each.network,
            "predicted_latency_ms": each.predicted.latency_ms,
            "predicted_memory_bytes": each.predicted.memory_bytes,
            "predicted_score": each.predicted.score,
            "accuracy_cost": each.accuracy_cost,
            "changed": each.changed,
            "variants": " ".join(each.variants.values()),
        }


def export_tables(record: ExportRecord) -> tuple[Table, ...]:
    """That of an export: one row."""
    predicted, measured = record.predicted or ScoreRecord(), record.measured or ScoreRecord()
    row: dict[str, Value] = {
        "configuration": record.configuration,
        "file": record.file,
        "directory": record.directory,
        "format": record.artifact.format,
        "size_bytes": record.artifact.size_bytes,
        "predicted_latency_ms": predicted.latency_ms,
        "latency_ms": measured.latency_ms,
        "predicted_score": predicted.score,
        "score": measured.score,
        "of_run": record.run,
        "variants": " ".join(record.variants.values()),
    }
    return (table_of("configurations", "Exported", _EXPORTS, [row]),)
