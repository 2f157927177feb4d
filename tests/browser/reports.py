"""The pages that are looked at: one of every kind, and comparisons."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from benchmarks.reports_kinds import KINDS
from kenning_lego.core.opening import AnyRecord
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.document.html import render_html
from tests.reports.comparisons.records import again, changed, training_record, with_energy
from tests.reports.pages import render
from tests.reports.records import composed_record, with_telemetry

_DEMO = Path(__file__).parents[2] / "workspaces" / "demo"


def _page(kind: str) -> str:
    return render(KINDS[kind]())


def _compared(*records: AnyRecord) -> str:
    return render_html(comparison_document(compare_records(records)))


def _two() -> str:
    run = with_energy(with_telemetry(composed_record()), 2.4, 0.2)
    return _compared(run, with_energy(again(run, 1.05), 2.9, 0.2))


def _five() -> str:
    run = with_telemetry(composed_record())
    newer = changed(again(run, 0.9, 2), "target.used.version", "1.21.0")
    both = changed(again(newer, 0.8, 3), "target.used.threads", 4)
    return _compared(run, again(run, 1.04), newer, both, again(run, 1.0, 9))


def _trainings() -> str:
    return _compared(training_record(), training_record(0.935, 16), training_record(0.91, 12, 0.01))


def newest_demo() -> Path | None:
    """The record of the newest run of `make demo`, if there is one."""
    return max(_DEMO.glob("runs/*/record.json"), default=None)


_EVERY: Mapping[str, Callable[[], str]] = {
    **{kind: partial(_page, kind) for kind in KINDS},
    "comparison": _two,
    "comparison-of-five": _five,
    "comparison-of-trainings": _trainings,
}
_FEW = ("run", "comparison")

PAGES: Mapping[str, Callable[[], str]] = (
    _EVERY if os.environ.get("KENNING_LEGO_TEST_BROWSER") else {name: _EVERY[name] for name in _FEW}
)
"""By the names of their screenshots; all of them in `make test-browser`, a few in `make test`."""
