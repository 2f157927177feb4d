"""Charts as figures that stand alone: colours and type are in the file, links are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from importlib import resources

from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.formats.style import StyleSheet
from kenning_lego.reports.formats.text import one_line

_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title>", re.DOTALL)
_DESCRIPTION = re.compile(r"<desc\b[^>]*>(.*?)</desc>", re.DOTALL)
_LINK = re.compile(r"</?a\b[^>]*>")
_BEGINNING = re.compile(r"<svg\b[^>]*>(<title\b[^>]*>[^<]*</title>)?(<desc\b[^>]*>[^<]*</desc>)?")
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)" width="[\d.]+" height="[\d.]+"')
_MARGIN_PX = 12
"""On pages, labels may reach beyond a drawing's frame."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is said about a drawing.

    Args:
        name: unique in the report.
        title: what it shows.
        description: for those who cannot see it.
        caption: what the marks mean.
    """

    name: str
    title: str
    description: str
    caption: str

    @property
    def alternative(self) -> str:
        """What stands for the drawing where it is not shown."""
        return ". ".join(filter(None, (self.title.rstrip("."), self.description)))


def described(chart: Chart) -> Figure:
    """What is said about a chart, from the drawing itself."""
    return Figure(
        chart.name,
        _first(_TITLE, chart.wide),
        _first(_DESCRIPTION, chart.wide),
        one_line(chart.caption),
    )


def standalone(chart: Chart) -> str:
    """The wide drawing of a chart as an SVG file, for light surroundings.

    The file needs nothing else: the rules of the page's style sheet that apply within the drawing
    are in it, with plain colours, its ground is painted, and has a margin.
    """
    drawing = _LINK.sub("", chart.wide)
    sheet = _page_style()
    ink, colour = (sheet.variables.get(each, "#808080") for each in ("ink", "ground"))
    style = f"<style>svg{{color: {ink}}}{sheet.rules_for(drawing)}</style>"
    ground = (
        f'<rect x="-{_MARGIN_PX}" y="-{_MARGIN_PX}" width="100%" height="100%" fill="{colour}"/>'
    )
    # What a drawing is called stays first in it.
    found = _BEGINNING.match(drawing)
    place = found.end() if found else 0
    whole = f"{drawing[:place]}{style}{ground}{drawing[place:]}\n"
    return _SIZE.sub(_with_margin, whole, count=1)


def _with_margin(found: re.Match[str]) -> str:
    width, height = (float(each) + 2 * _MARGIN_PX for each in found.groups())
    box = f"-{_MARGIN_PX} -{_MARGIN_PX} {width:g} {height:g}"
    return f'viewBox="{box}" width="{width:g}" height="{height:g}"'


def _first(pattern: re.Pattern[str], drawing: str) -> str:
    found = pattern.search(drawing)
    return one_line(unescape(found.group(1))) if found else ""


@lru_cache(maxsize=1)
def _page_style() -> StyleSheet:
    content = resources.files("kenning_lego.reports").joinpath("templates/report.css")
    return StyleSheet.parsed(content.read_text(encoding="utf-8"))
