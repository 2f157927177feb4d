"""Any two valid records of a kind, however odd, compare or are refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.comparisons.settings import settings_of
from kenning_lego.reports.comparisons.sides import Comparable
from kenning_lego.reports.comparisons.text import comparison_text
from kenning_lego.reports.document.html import render_html
from tests.core.record_strategies import records
from tests.reports.pages import Page

MODELS = (RunRecord, OptimisationRecord, PipelinesRecord, LoadRecord, TrainingRecord)


def with_measurement(record: Comparable, factor: int) -> Comparable:
    """So that two records of what is timed have something in common."""
    if not isinstance(record, RunRecord | OptimisationRecord):
        return record
    samples = tuple(factor * (1_000 + number % 7) for number in range(40))
    timed = MeasurementRecord(name="it", clock="target", samples_ns=samples, stopped="precise")
    return record.model_copy(update={"measurements": (*record.measurements, timed)})


@pytest.mark.parametrize("model", MODELS)
@settings(
    max_examples=8,
    suppress_health_check=list(HealthCheck),
    # What is found is large, and takes minutes to be made smaller.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.data())
def test_they_compare_or_are_refused(model: type[Comparable], data: st.DataObject) -> None:
    one = with_measurement(data.draw(records(model)), 1)
    other = with_measurement(data.draw(records(model)), 2)
    for several in ((one, one), (one, other), (one, other, one)):
        try:
            found = compare_records(several, across_targets=True)
        except UsageError:
            continue
        assert comparison_text(found)
        said = "".join(each.model_dump_json() for each in several)
        Page(render_html(comparison_document(found))).check(said)
        if one is several[-1] and len(several) == 2:
            assert settings_of(found.sides) == ()
            assert not found.regressed
