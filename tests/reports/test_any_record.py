"""Whatever a record holds, and whatever it lacks, it has a sound page."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from kenning_lego.core.run_headers import OriginRecord
from tests.reports.pages import Page, render
from tests.reports.strategies import RECORDS


@pytest.mark.parametrize("kind", RECORDS)
def test_any_valid_record_has_a_sound_page(kind: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(RECORDS[kind])
    def check(record: OriginRecord) -> None:
        page = Page(render(record))
        page.check()
        assert "img" not in page.tags

    check()


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_has_the_same_page_after_it_was_kept(kind: str) -> None:
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(RECORDS[kind])
    def check(record: OriginRecord) -> None:
        kept = type(record).model_validate_json(record.model_dump_json())
        assert render(kept) == render(record)

    check()
