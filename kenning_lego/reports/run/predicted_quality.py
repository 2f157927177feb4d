"""How well the variants' accuracy costs predict composed networks."""

from __future__ import annotations

from kenning_lego.core.records import RunRecord, ScoreErrorsRecord
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import counted
from kenning_lego.reports.quality import Quality

_FITTED = "Costs were fitted to all networks that were scored:"


def quality_errors(record: RunRecord) -> Table | None:
    """The errors of predicted scores, or None where no configuration was scored to see."""
    accuracy = record.accuracy
    if accuracy is None or accuracy.errors is None or accuracy.means_errors is None:
        return None
    quality = Quality.of(record)
    rows = [_row("costs of this record", accuracy.errors, quality)]
    if accuracy.estimator == "fitted":
        rows.append(_row("mean losses, added up", accuracy.means_errors, quality))
    runs = counted(len(accuracy.runs), "random configuration")
    if accuracy.estimator == "means":
        how = "Costs are mean losses in three environments."
    elif accuracy.power == 0:
        how = f"{_FITTED} logarithms of the distance to a perfect score add up."
    else:
        how = f"{_FITTED} the distance to a perfect score to the power {accuracy.power:g} adds up."
    return Table(
        "predicted-quality-errors",
        (
            Column("prediction", "Prediction", number=False),
            Column("median", "Median"),
            Column("p95", "95th percentile"),
            Column("bias", "Bias"),
        ),
        (Rows(tuple(rows)),),
        caption=f"Error of predicted {accuracy.metric} over {runs}",
        note=f"{how} Configurations were scored on the validation part in {accuracy.precision};"
        " the costs have seen none of them.",
    )


def _row(how: str, errors: ScoreErrorsRecord, quality: Quality) -> tuple[Cell, ...]:
    def cell(value: float, *, signed: bool = False) -> Cell:
        text = quality.difference(value, signed=signed)
        return Cell(None if text is None else quality.with_unit(text), value)

    return Cell(how, how), cell(errors.median), cell(errors.p95), cell(errors.bias, signed=True)
