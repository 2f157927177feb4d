"""Sections by what they are about; what is not there is said."""

from __future__ import annotations

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.reports.document.parts import Paragraph
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.choosing import of_types
from tests.reports.records import resnet_record

DOCUMENT = document_of(resnet_record())


def test_without_a_type_everything_is_there() -> None:
    assert of_types(DOCUMENT, ()).document is DOCUMENT


def test_sections_of_any_of_the_types_stay_in_their_order() -> None:
    chosen = of_types(DOCUMENT, ("selection", "summary"))
    found = [each.identity for each in chosen.document.sections]
    assert found[:2] == ["summary", "configurations"]
    assert found == [each.identity for each in DOCUMENT.sections if each.identity in found]
    assert all({"selection", "summary"} & each.types for each in chosen.document.sections)
    assert chosen.missing == ()


@pytest.mark.parametrize("missing", ["classification", "detection", "renode_stats", "training"])
def test_what_is_missing_is_said_in_the_report(missing: str) -> None:
    chosen = of_types(DOCUMENT, ("performance", missing, missing))
    assert chosen.missing == (missing,)
    *_, last = chosen.document.sections
    assert last.parts == (Paragraph(f"This run has nothing of {missing}."),)


def test_a_report_of_nothing_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigurationError) as caught:
        of_types(DOCUMENT, ("detection", "training"))
    assert caught.value.problem == "this run has nothing of detection, training"
    assert caught.value.remedy == "it has: environment, performance, selection, summary"


def test_an_unknown_type_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        of_types(DOCUMENT, ("performance", "perfomance"))
    assert "'perfomance'" in caught.value.problem
    assert "there are: summary, performance," in caught.value.remedy
    assert "detection" in caught.value.remedy
    assert "this run has: environment," in caught.value.remedy
