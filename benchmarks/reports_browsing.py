"""How soon a page can be used in Chromium, and how fast it answers.

Times are of the page's own clock: https://www.w3.org/TR/navigation-timing-2/ and
https://www.w3.org/TR/paint-timing/.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench_record import Metric
from benchmarks.chromium import Browser, Tab, chromium
from benchmarks.samples import median

_USABLE_LIMIT_MS = 2000.0

# Once the page has loaded: when its script was done, and when something was painted.
_USABLE = """
new Promise((done) => {
  const told = () => {
    const paints = performance.getEntriesByType("paint").map((each) => each.startTime);
    if (!paints.length) return requestAnimationFrame(told);
    const { domContentLoadedEventEnd: ready } = performance.getEntriesByType("navigation")[0];
    done([ready, Math.max(...paints)]);
  };
  told();
})
"""

# From an event to the frame after the next, by when what it changed is on the screen.
_ANSWER = """
(async () => {{
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const begin = performance.now();
  {action};
  await frame();
  await frame();
  return performance.now() - begin;
}})()
"""
_TABLE = "document.querySelector('table[data-name=variants]')"
_SORT = f"{_TABLE}.querySelector('[data-key=median_ns] button').click()"
_FILTER = (
    f"const input = {_TABLE}.closest('.scroll').previousElementSibling.querySelector('input');"
    " input.value = 'layer3 60';"
    " input.dispatchEvent(new Event('input'))"
)
_POINT = (
    "document.querySelector('svg [data-about]')"
    ".dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))"
)


def measure(page: Path, *, quick: bool) -> list[Metric]:
    """Medians over some times that the page is opened anew.

    Args:
        page: on disk, with a table of variants.
        quick: open it once.
    """
    rows = []
    with chromium() as browser:
        rows = [_opened(browser, page) for _ in range(1 if quick else 5)]
    columns = zip(*rows, strict=True)
    ready, painted, sort, filter_, point = (median(list(each)) for each in columns)
    return [
        Metric("browser_ready", ready, "ms", at_most=_USABLE_LIMIT_MS),
        Metric("browser_first_paint", painted, "ms", at_most=_USABLE_LIMIT_MS),
        Metric("browser_sort", sort, "ms", at_most=_USABLE_LIMIT_MS),
        Metric("browser_filter", filter_, "ms", at_most=_USABLE_LIMIT_MS),
        Metric("browser_highlight", point, "ms", at_most=_USABLE_LIMIT_MS),
    ]


def _opened(browser: Browser, page: Path) -> tuple[float, float, float, float, float]:
    tab = browser.tab()
    tab.open(page)
    ready, painted = tab.evaluate(_USABLE)
    answers = [_answer(tab, action) for action in (_SORT, _FILTER, _POINT)]
    tab.close()
    return ready, painted, answers[0], answers[1], answers[2]


def _answer(tab: Tab, action: str) -> float:
    return float(tab.evaluate(_ANSWER.format(action=action)))
