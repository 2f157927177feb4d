"""Comparisons as annotations of GitHub's jobs.

See "Workflow commands for GitHub Actions" in GitHub's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from kenning_lego.reports.comparisons.ci.cases import Case, cases_of
from kenning_lego.reports.comparisons.ci.markdown import verdict
from kenning_lego.reports.comparisons.comparison import Comparison
from kenning_lego.reports.formats.text import one_line

_MOST = 10
"""Annotations of a kind that GitHub shows for a step."""


def render_annotations(comparisons: Mapping[str, Comparison]) -> str:
    """An error for each regression, a warning where nothing can be told, and the verdict.

    Args:
        comparisons: by what is compared with what.
    """
    lines: list[str] = []
    for name, comparison in comparisons.items():
        lines += _lines(name, comparison)
    return "\n".join(lines) + "\n"


def _lines(name: str, comparison: Comparison) -> Iterator[str]:
    cases = tuple(cases_of(comparison))
    failed = [each for each in cases if each.state == "failed"]
    unknown = [each for each in cases if each.state == "unknown"]
    yield from _annotations("error", "Slower", failed)
    yield from _annotations("warning", "Cannot tell", unknown)
    if comparison.warnings:
        yield _command("warning", "The runs differ", "\n".join(comparison.warnings))
    yield _command("notice", one_line(name), verdict(comparison))


def _annotations(
    level: Literal["error", "warning"], title: str, cases: Sequence[Case]
) -> Iterator[str]:
    # One is left for what else there is to say.
    shown = cases if len(cases) < _MOST else cases[: _MOST - 2]
    for each in shown:
        medians = f" ({each.medians})" if each.medians else ""
        yield _command(level, f"{title}: {each.name}", f"{each.said}{medians}")
    if len(cases) > len(shown):
        left = [each.name for each in cases[len(shown) :]]
        yield _command(level, f"{title}: {len(left)} more", ", ".join(left))


def _command(level: Literal["error", "warning", "notice"], title: str, message: str) -> str:
    property_ = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={property_}::{_data(message)}"


def _data(text: str) -> str:
    lines = "\n".join(one_line(each) for each in text.splitlines())
    return lines.replace("%", "%25").replace("\n", "%0A")
