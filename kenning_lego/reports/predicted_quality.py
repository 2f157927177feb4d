"""How well the variants' accuracy costs predict composed networks."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.records import RunRecord, ScoreErrorsRecord
from kenning_lego.reports.formatting import counted
from kenning_lego.reports.quality import Quality

_FITTED = "Costs were fitted to all networks that were scored:"


@dataclass(frozen=True, slots=True)
class ScoreErrors:
    """How far a way to predict scores is off, with its unit behind each number."""

    how: str
    median: str | None
    p95: str | None
    bias: str | None


@dataclass(frozen=True, slots=True)
class PredictedQuality:
    """The table and what is to be said about it."""

    caption: str
    errors: tuple[ScoreErrors, ...]
    said: str


def predicted_quality(record: RunRecord) -> PredictedQuality | None:
    """The table, or None where no configuration was scored to see."""
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
    return PredictedQuality(
        f"Error of predicted {accuracy.metric} over {runs}",
        tuple(rows),
        f"{how} Configurations were scored on the validation part in {accuracy.precision}; the"
        " costs have seen none of them.",
    )


def _row(how: str, errors: ScoreErrorsRecord, quality: Quality) -> ScoreErrors:
    def written(value: float, *, signed: bool = False) -> str | None:
        text = quality.difference(value, signed=signed)
        return None if text is None else quality.with_unit(text)

    return ScoreErrors(
        how, written(errors.median), written(errors.p95), written(errors.bias, signed=True)
    )
