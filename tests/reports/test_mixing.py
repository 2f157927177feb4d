"""What the page says of mixed precisions and engines."""

from __future__ import annotations

from kenning_lego.core.mixing_records import CompiledAccuracyRecord, MixingRecord
from kenning_lego.reports.document.parts import Paragraph
from kenning_lego.reports.run.mixing import mixing
from tests.reports.records import resnet_record


def said(p95: float | None) -> str:
    accuracy = CompiledAccuracyRecord(
        samples=100,
        environments=2,
        original=0.9,
        precision="float32",
        measured=4,
        error_median=0.01,
        error_p95=p95,
    )
    found = MixingRecord(ways=("int8",), accuracy=accuracy)
    section = mixing(resnet_record().model_copy(update={"mixing": found}))
    assert section is not None
    told = " ".join(each.text for each in section.parts if isinstance(each, Paragraph))
    return told.replace("\N{NO-BREAK SPACE}", " ")


def test_errors_of_prediction_are_told_as_far_as_they_are_known() -> None:
    assert "were off by 1.00 points (p95 2.00 points)." in said(0.02)
    assert "were off by 1.00 points." in said(None)
