"""Pages in a real browser, from disk and without a network; screenshots stay in build/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.chromium import Tab
from kenning_lego.core.opening import open_record
from kenning_lego.reports.write import write_report
from tests.browser.reports import PAGES, newest_demo

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
WIDTHS = (1280, 390)

# Of every figure: the drawing that is seen, its size, and how many marks in it have an extent.
_FIGURES = """
[...document.querySelectorAll("figure")].map((figure) => {
  const seen = [...figure.querySelectorAll("svg")].filter((svg) => svg.checkVisibility());
  const box = seen[0].getBoundingClientRect();
  const marks = [...seen[0].querySelectorAll("path, circle, rect, line:not(.grid)")];
  const drawn = marks.filter((mark) => {
    const { width, height } = mark.getBBox();
    return width + height > 0 || mark.getAttribute("d")?.includes("h0");
  });
  return { seen: seen.length, width: box.width, height: box.height, marks: drawn.length };
})
"""

# What reaches beyond the page's right edge and is in nothing that scrolls by itself.
_BEYOND = """
[...document.querySelectorAll("body *")]
  .filter((each) => each.checkVisibility() && !each.closest(".scroll, pre, nav, .unseen"))
  .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((each) => each.outerHTML.slice(0, 120))
"""

every_page = pytest.mark.parametrize("name", PAGES)


def opened(tab: Tab, path: Path) -> None:
    """Open a page that has nothing to complain of, and asks for nothing but itself."""
    tab.open(path)
    told = tab.told()
    assert told.errors == ()
    assert told.requests == (path.resolve().as_uri(),)


@every_page
@pytest.mark.parametrize("width", WIDTHS)
def test_page_opens_from_disk_with_every_chart_drawn(
    tab: Tab, written: dict[str, Path], name: str, width: int
) -> None:
    tab.resize(width, 844 if width < 500 else 800)
    opened(tab, written[name])
    figures: list[dict[str, Any]] = tab.evaluate(_FIGURES)
    assert all(each["seen"] == 1 for each in figures)
    assert all(each["width"] > 250 for each in figures)
    assert all(each["height"] > 80 for each in figures)
    assert all(each["marks"] > 0 for each in figures)
    assert len(figures) == tab.evaluate("document.querySelectorAll('figcaption').length")
    assert tab.evaluate(_BEYOND) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for colours in ("light", "dark"):
        tab.prefer(colours)
        tab.screenshot(SCREENSHOTS / f"{name}-{width}-{colours}.png")
    assert tab.told().errors == ()


@every_page
def test_page_prints_light_and_without_controls(
    tab: Tab, written: dict[str, Path], name: str
) -> None:
    tab.prefer("dark")
    opened(tab, written[name])
    path = SCREENSHOTS / f"{name}.pdf"
    tab.print(path)
    assert path.read_bytes().startswith(b"%PDF")
    tab.prefer("dark", media="print")
    controls = "[...document.querySelectorAll('nav, .tools, .colours')]"
    assert tab.evaluate(f"{controls}.some((each) => each.checkVisibility())") is False
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@every_page
def test_page_without_script_shows_all_that_the_page_with_it_shows(
    tab: Tab, written: dict[str, Path], name: str
) -> None:
    text = "document.querySelector('main').innerText.replace(/\\s+/g, ' ')"
    opened(tab, written[name])
    tab.evaluate("document.querySelectorAll('.tools').forEach((each) => each.remove())")
    told = tab.evaluate(text)
    tab.scripting(on=False)
    opened(tab, written[name])
    assert tab.evaluate("document.querySelectorAll('button, input, select').length") == 0
    assert tab.evaluate(text) == told
    assert all(each["marks"] > 0 for each in tab.evaluate(_FIGURES))


def test_the_top_of_a_run_answers_what_is_asked_first(tab: Tab, written: dict[str, Path]) -> None:
    """How fast, how sure, which configuration, how accurate and on what: without scrolling."""
    for width, height in ((1280, 800), (390, 844)):
        tab.resize(width, height)
        opened(tab, written["run"])
        figures = "document.querySelector('#summary .figures')"
        seen = tab.evaluate(
            f"[...{figures}.querySelectorAll('dt')]"
            f".filter((each) => each.getBoundingClientRect().bottom < {height})"
            ".map((each) => each.textContent)"
        )
        assert {"Median latency", "top1"} <= set(seen)
        answer = tab.evaluate("document.querySelector('.answer').getBoundingClientRect().bottom")
        assert answer < height


def test_the_demos_report_opens(tab: Tab, tmp_path: Path) -> None:
    record = newest_demo()
    if record is None:
        pytest.skip("there is no run of the demo; run: make demo")
    page = write_report(open_record(record), tmp_path)
    for width in WIDTHS:
        tab.resize(width, 800)
        opened(tab, page)
        assert all(each["marks"] > 0 for each in tab.evaluate(_FIGURES))
        assert tab.evaluate(_BEYOND) == []
        tab.screenshot(SCREENSHOTS / f"demo-{width}.png")
