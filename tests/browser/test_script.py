"""What the page's script does, in a real browser."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chromium import Browser, Tab
from benchmarks.reports_kinds import KINDS
from benchmarks.reports_run import SMALL, run_record
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.csv_tables import render_csv
from kenning_lego.reports.script.inline import page_script

VARIANTS = "table[data-name=variants]"
_LATENCIES = (
    f"[...document.querySelectorAll('{VARIANTS} tbody:not([hidden]) tr[data-values]')]"
    ".filter((row) => !row.hidden).map((row) => JSON.parse(row.dataset.values)[4])"
)
_LIMIT_S = 20.0


@pytest.fixture
def run(tab: Tab, written: dict[str, Path]) -> Iterator[Tab]:
    """The page of a run; whatever a test does, nothing may be wrong with it."""
    tab.open(written["run"])
    yield tab
    assert tab.told().errors == ()


def status(tab: Tab) -> str:
    said: str = tab.evaluate("document.querySelector('[role=status]').textContent")
    return said


def tip(tab: Tab) -> str | None:
    said: str | None = tab.evaluate(
        "document.querySelector('.tip').hidden ? null : document.querySelector('.tip').innerText"
    )
    return said


def settle(tab: Tab) -> None:
    """Wait until the page has scrolled and was painted."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def middle(tab: Tab, element: str) -> tuple[float, float]:
    """Scroll an element into sight; the middle of it in the window."""
    tab.evaluate(f"{element}.scrollIntoView({{ block: 'center' }})")
    settle(tab)
    x, y = tab.evaluate(
        f"(({{ x, y, width, height }}) => [x + width / 2, y + height / 2])"
        f"({element}.getBoundingClientRect())"
    )
    return x, y


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def figure(text: str) -> str | float:
    """What a field says, whichever way a number is written."""
    try:
        return float(text)
    except ValueError:
        return text


def test_the_script_is_small() -> None:
    assert len(page_script().text.encode()) < 20_000


def test_a_column_sorts_up_then_down_then_as_it_was(run: Tab) -> None:
    before = run.evaluate(_LATENCIES)
    head = f"document.querySelector('{VARIANTS} [data-key=median_ns]')"
    run.evaluate(f"{head}.querySelector('button').focus()")
    run.press("Enter")
    assert run.evaluate(f"{head}.getAttribute('aria-sort')") == "ascending"
    groups = run.evaluate(
        f"[...document.querySelectorAll('{VARIANTS} tbody')].map((body) =>"
        " [...body.querySelectorAll('tr[data-values]')].map((row) =>"
        " JSON.parse(row.dataset.values)[4]))"
    )
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)
    assert sorted(run.evaluate(_LATENCIES)) == sorted(before)
    assert status(run).endswith("ascending")
    run.press("Enter")
    assert run.evaluate(f"{head}.getAttribute('aria-sort')") == "descending"
    assert run.evaluate(_LATENCIES)[0] == max(before)
    run.press("Enter")
    assert run.evaluate(f"{head}.hasAttribute('aria-sort')") is False
    assert run.evaluate(_LATENCIES) == before


def test_rows_are_filtered_by_words_of_their_own_and_of_their_group(run: Tab) -> None:
    all_ = len(run.evaluate(_LATENCIES))
    table = f"document.querySelector('{VARIANTS}').closest('.scroll').previousElementSibling"
    write = f"(() => {{ const input = {table}.querySelector('input'); input.value = %r;"
    write += " input.dispatchEvent(new Event('input')); })()"
    run.evaluate(write % "layer1.0 original")
    assert len(run.evaluate(_LATENCIES)) == 1
    assert run.evaluate(f"{table}.querySelector('output').textContent") == f"1 of {all_} rows"
    run.evaluate(write % "")
    assert len(run.evaluate(_LATENCIES)) == all_


def test_a_table_is_downloaded_with_its_unrounded_figures(run: Tab, browser: Browser) -> None:
    run.evaluate(
        f"document.querySelector('{VARIANTS}').closest('.scroll').previousElementSibling"
        ".querySelector('button').click()"
    )
    path = browser.downloads / "variants.csv"
    end = time.monotonic() + _LIMIT_S
    while not path.exists() or not path.stat().st_size:
        assert time.monotonic() < end
        run.evaluate("new Promise((done) => setTimeout(done, 50))")
    (table,) = (each for each in document_of(KINDS["run"]()).tables() if each.name == "variants")
    found = read_csv(path.read_text(encoding="utf-8"))
    wanted = read_csv(render_csv(table))
    assert found[0] == wanted[0]
    assert [list(map(figure, row)) for row in found] == [list(map(figure, row)) for row in wanted]


def test_colours_are_chosen_and_remembered(run: Tab, written: dict[str, Path]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    choose = (
        "(() => { const choice = document.querySelector('.colours select'); choice.value = %r;"
        " choice.dispatchEvent(new Event('change')); })()"
    )
    light = run.evaluate(ground)
    run.evaluate(choose % "dark")
    dark = run.evaluate(ground)
    assert dark != light
    run.open(written["run"])
    assert run.evaluate(ground) == dark
    assert run.evaluate("document.querySelector('.colours select').value") == "dark"
    run.evaluate(choose % "auto")
    assert run.evaluate(ground) == light


def test_the_link_of_the_section_in_sight_is_marked(run: Tab) -> None:
    run.evaluate("document.getElementById('blocks').scrollIntoView()")
    marked = run.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done("
        "document.querySelector('nav [aria-current]')?.hash), 200)))"
    )
    assert marked == "#blocks"


def test_pointing_at_a_mark_says_what_it_is_and_lights_its_rows(run: Tab) -> None:
    mark = "document.querySelector('#latency .wide [data-about=\"block layer1.2\"] circle')"
    run.point_at(*middle(run, mark))
    said = tip(run)
    assert said is not None
    assert said.startswith("layer1.2")
    lit = run.evaluate("[...document.querySelectorAll('.same')].map((each) => each.localName)")
    assert {"g", "tbody", "li"} <= set(lit)
    run.point_at(1, 1)
    assert run.evaluate("document.querySelectorAll('.same').length") == 0
    assert tip(run) is None


def test_a_line_is_read_under_the_pointer(run: Tab) -> None:
    run.point_at(*middle(run, "document.querySelector('.wide .plot')"))
    said = tip(run)
    assert said is not None
    where, value = said.splitlines()
    assert where.startswith("run ")
    assert value.endswith(" ms")
    assert run.evaluate("document.querySelectorAll('.crosshair line').length") == 1
    # What is read is what was drawn from: the record's own samples.
    main = run_record(SMALL).measurement("budget 1, whole")
    assert main is not None
    run_number = round(float(where.removeprefix("run ").replace(",", "")))
    near = main.samples_ns[max(run_number - 4, 0) : run_number + 4]
    assert min(near) * 0.999 <= float(value.removesuffix(" ms")) * 1e6 <= max(near) * 1.001


@pytest.mark.parametrize(
    "drawing", [".wide:has(.plot)", ".wide:has(circle):not(:has(.plot))"], ids=["line", "marks"]
)
def test_arrow_keys_read_a_drawing(run: Tab, drawing: str) -> None:
    run.evaluate(f"document.querySelector('{drawing}').focus()")
    settle(run)
    run.press("ArrowRight")
    first = status(run)
    run.press("ArrowRight")
    second = status(run)
    assert first
    assert second != first
    assert tip(run)
    run.press("ArrowLeft")
    assert status(run) == first
    run.evaluate("document.activeElement.blur()")
    assert tip(run) is None


def test_a_command_is_copied(run: Tab, browser: Browser) -> None:
    browser.devtools.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    run.evaluate("document.querySelector('.copy button').click()")
    said = run.evaluate(
        "new Promise((done) => setTimeout(() => done("
        "document.querySelector('.copy button').textContent), 200))"
    )
    # Where there is no clipboard the text is selected instead.
    assert said in {"Copied", "Selected"}
    command = run.evaluate("document.querySelector('pre').textContent")
    if said == "Selected":
        assert run.evaluate("getSelection().toString()").strip() == command.strip()
    else:
        assert run.evaluate("navigator.clipboard.readText()") == command
