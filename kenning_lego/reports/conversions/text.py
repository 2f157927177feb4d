"""A support matrix as reStructuredText and as Markdown, for documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.reports.conversions.matrix import matrix
from kenning_lego.reports.html import moment

TITLE = "Which networks convert to which frameworks"


def render_rst(record: ConversionRecord) -> str:
    """The matrix as reStructuredText; the same record always gives the same text."""
    found = matrix(record)
    lines = [TITLE, "=" * len(TITLE), "", _rst(found.said), "", _rst(found.note), ""]
    lines += [".. list-table::", "   :header-rows: 1", ""]
    rows = [found.header, *((name, *(cell.text for cell in cells)) for name, cells in found.rows)]
    for row in rows:
        lines += [f"   {' ' if place else '*'} - {_rst(each)}" for place, each in enumerate(row)]
    if found.failures:
        lines += ["", "What was said", "-------------"]
    for failure in found.failures:
        lines += ["", f"**{_rst(failure.where)}**", "", _rst(failure.problem)]
        if failure.error:
            lines += ["", "::", "", *(f"    {each}" for each in failure.error.splitlines())]
    return "\n".join([*lines, "", _rst(_origin(record)), ""])


def render_markdown(record: ConversionRecord) -> str:
    """The matrix as Markdown; the same record always gives the same text."""
    found = matrix(record)
    lines = [f"# {TITLE}", "", _markdown(found.said), "", _markdown(found.note), ""]
    lines += [_row(found.header), f"|{' --- |' * len(found.header)}"]
    lines += [_row([name, *(cell.text for cell in cells)]) for name, cells in found.rows]
    if found.failures:
        lines += ["", "## What was said"]
    for failure in found.failures:
        lines += ["", f"**{_markdown(failure.where)}**", "", _markdown(failure.problem)]
        if failure.error:
            fence = "`" * max([3, *(len(each) + 1 for each in re.findall("`+", failure.error))])
            lines += ["", f"{fence}text", failure.error, fence]
    return "\n".join([*lines, "", _markdown(_origin(record)), ""])


def _origin(record: ConversionRecord) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    return f"kenning-lego {record.version}, {moment(record.created)}; {versions}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(_markdown, cells))} |"


def _rst(text: str) -> str:
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def _markdown(text: str) -> str:
    return re.sub(r"([\\*`|_<>\[\]])", r"\\\1", text)
