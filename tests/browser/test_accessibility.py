"""axe-core finds nothing serious on any page, light or dark, on a desk or a phone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from benchmarks.chromium import Tab
from tests.browser.reports import PAGES

AXE = Path(__file__).parents[2] / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

pytestmark = pytest.mark.skipif(not AXE.exists(), reason="needs axe-core; run: make test-browser")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_page_has_no_serious_violation(
    tab: Tab,
    written: dict[str, Path],
    name: str,
    width: int,
    colours: Literal["light", "dark"],
) -> None:
    tab.resize(width, 800)
    tab.prefer(colours)
    tab.open(written[name])
    tab.evaluate(AXE.read_text(encoding="utf-8") + ";0")
    found = tab.evaluate(f"axe.run({json.dumps(_RULES)}).then((found) => found.violations)")
    serious = {
        each["id"]: [
            f"{node['html'][:200]}: {node['failureSummary']}" for node in each["nodes"][:3]
        ]
        for each in found
        if each["impact"] in {"serious", "critical"}
    }
    assert serious == {}
