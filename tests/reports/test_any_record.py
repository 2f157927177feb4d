"""Whatever a record holds, and whatever it lacks, it has a sound page."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.core.training_records import TrainingRecord
from tests.core.record_strategies import records
from tests.reports.pages import Page, render

MODELS: tuple[type[AnyRecord], ...] = (
    RunRecord,
    PipelinesRecord,
    OptimisationRecord,
    ConversionRecord,
    TrainingRecord,
    LoadRecord,
    SelectionRecord,
    ExportRecord,
)
_ANY = settings(max_examples=8, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("model", MODELS)
@_ANY
@given(data=st.data())
def test_any_valid_record_has_a_sound_page(model: type[AnyRecord], data: st.DataObject) -> None:
    record = data.draw(records(model))
    content = record.model_dump_json()
    page = Page(render(record))
    page.check(content)
    assert "img" not in page.tags
    kept = model.model_validate_json(content)
    assert render(kept) == page.source
