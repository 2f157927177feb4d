"""What holds for the comparison of any records."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import Comparisons, compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.comparisons.scores import score_rows
from kenning_lego.reports.comparisons.settings import settings_of
from kenning_lego.reports.comparisons.text import comparison_text
from kenning_lego.reports.document.html import render_html
from tests.reports.comparisons.strategies import runs
from tests.reports.pages import Page

FEW = settings(max_examples=25)
OTHER = {
    "faster": "slower",
    "slower": "faster",
    "same": "same",
    "too_few_samples": "too_few_samples",
}
REASONS = ("not measured alike", "no measurement in common")


def compared(records: Sequence[RunRecord]) -> Comparisons | None:
    """None where they are refused, which they are with a reason and a remedy."""
    try:
        return compare_records(records, across_targets=True)
    except UsageError as error:
        problem, remedy = str(error), error.remedy
    assert any(each in problem for each in REASONS)
    assert remedy
    return None


@FEW
@given(st.lists(runs(), min_size=2, max_size=4))
def test_any_records_compare_or_are_refused_with_a_reason(records: list[RunRecord]) -> None:
    found = compared(records)
    if found is not None:
        page = Page(render_html(comparison_document(found)))
        page.check()
        assert comparison_text(found)
        assert found.to_json()


@FEW
@given(runs())
def test_a_record_does_not_differ_from_itself(record: RunRecord) -> None:
    found = compared([record, record, record])
    if found is None:
        return
    for pair in found.pairs:
        assert all(row.difference.outcome in ("same", "too_few_samples") for row in pair.rows)
        assert all(row.difference.change == 0 for row in pair.rows)
        assert pair.overall is None or pair.overall.change == 0
        assert not pair.regressed
    assert settings_of(found.sides) == ()
    for row in score_rows(found.sides):
        assert all(not each.differs and each.change == 0 for each in row.differences if each)


@FEW
@given(runs(), runs())
def test_the_other_order_flips_signs(one: RunRecord, other: RunRecord) -> None:
    there, back = compared([one, other]), compared([other, one])
    assert (there is None) == (back is None)
    if there is None or back is None:
        return
    for row in there.pairs[0].rows:
        flipped = back.pairs[0].row(row.name)
        assert flipped is not None
        assert flipped.difference.outcome == OTHER[row.difference.outcome]
        product = (1 + row.difference.change) * (1 + flipped.difference.change)
        assert product == pytest.approx(1)
        assert flipped.difference.p_value == pytest.approx(row.difference.p_value)
    overall, swapped = there.pairs[0].overall, back.pairs[0].overall
    if overall is not None and swapped is not None:
        assert swapped.outcome == OTHER[overall.outcome]
    back_scores = {row.name: row.differences[0] for row in score_rows(back.sides)}
    for scored in score_rows(there.sides):
        difference, mirrored = scored.differences[0], back_scores[scored.name]
        assert difference is not None
        assert mirrored is not None
        assert mirrored.differs == difference.differs
        if difference.change is not None:
            assert mirrored.change == pytest.approx(-difference.change)
