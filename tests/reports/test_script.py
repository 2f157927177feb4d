"""The page's script as it stands in a page."""

from __future__ import annotations

import re

from kenning_lego.reports.script.inline import page_script

SCRIPT = page_script().text


def test_the_script_is_small_and_strict() -> None:
    assert len(SCRIPT.encode()) < 20_000
    assert SCRIPT.startswith('"use strict";')


def test_the_script_cannot_end_its_element() -> None:
    assert not re.search(r"</script|<!--", SCRIPT, re.IGNORECASE)


def test_the_script_asks_for_nothing_and_makes_no_code_or_markup_of_text() -> None:
    forbidden = r"\b(eval|Function|fetch|XMLHttpRequest|WebSocket|import|innerHTML|outerHTML)\b"
    assert not re.search(forbidden, SCRIPT)
    assert "insertAdjacentHTML" not in SCRIPT
