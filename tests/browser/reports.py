"""The pages that are looked at: one of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.reports_kinds import KINDS
from tests.reports.pages import render


def _page(kind: str) -> str:
    return render(KINDS[kind]())


PAGES: Mapping[str, Callable[[], str]] = {kind: partial(_page, kind) for kind in KINDS}
"""By the names of their screenshots."""
