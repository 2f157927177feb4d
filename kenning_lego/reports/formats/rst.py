"""Reports as reStructuredText, for docutils and Sphinx.

See the "reStructuredText Markup Specification" and "reStructuredText Directives" of docutils.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.formats.outline import (
    Code,
    Grid,
    Image,
    Item,
    Items,
    Text,
    Title,
    outline,
)

_SPECIAL = re.compile(r"([\\`*|_@])")
_LIST = re.compile(r"\(?(\w+|#)[.)](\s|$)|[\u2022\u2023\u2043]")
_LINES = "=-~"
"""Below titles of the levels from 1 on; deeper ones are rubrics, which need no order."""


def render_rst(document: Document, images: Mapping[str, str]) -> str:
    """The report; the same report always gives the same text.

    Args:
        document: the report.
        images: paths of the figures to show, by the charts' names.
    """
    blocks = ["\n".join(_block(item)) for item in outline(document, images)]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """A line of text that is read as it is, wherever it stands."""
    plain = re.sub(":(?=:)", r":\\", _SPECIAL.sub(r"\\\1", text))
    if plain and not plain.strip("\\"):
        return rf"\ {plain}"  # backslashes alone would be a rule
    begins = _LIST.match(plain) or (plain[:1].isascii() and not plain[:1].isalnum())
    return f"\\{plain}" if plain and begins and plain[0] != "\\" else plain


def _block(item: Item) -> Iterator[str]:
    match item:
        case Title():
            yield from _title(item)
        case Text():
            yield escaped(item.text)
        case Items():
            yield from (f"* {_named(*each)}" for each in item.items)
        case Grid():
            yield from _table(item)
        case Image():
            yield from _figure(item)
        case Code():
            yield from _literal(item)


def _title(title: Title) -> Iterator[str]:
    text = escaped(title.text)
    if title.level > len(_LINES):
        yield f".. rubric:: {text}"
        return
    yield text
    yield _LINES[title.level - 1] * max(4, _width(text))


def _table(grid: Grid) -> Iterator[str]:
    yield f".. list-table:: {escaped(grid.caption)}".rstrip()
    yield "   :header-rows: 1"
    yield ""
    yield from _row(map(escaped, grid.header))
    for row in grid.rows:
        if row.title:
            yield from _row(iter((f"**{escaped(row.title)}**", *[""] * (len(grid.header) - 1))))
        else:
            yield from _row(map(escaped, row.cells))


def _row(cells: Iterator[str]) -> Iterator[str]:
    for place, cell in enumerate(cells):
        yield f"   {' ' if place else '*'} - {cell}".rstrip()


def _figure(image: Image) -> Iterator[str]:
    path = re.sub(r"([\\ ])", r"\\\1", image.path)
    yield f".. figure:: {path}"
    if image.figure.alternative:
        yield f"   :alt: {image.figure.alternative}"
    if image.figure.caption:
        yield ""
        yield f"   {escaped(image.figure.caption)}"


def _literal(code: Code) -> Iterator[str]:
    yield "::"
    yield ""
    yield from (f"    {line}".rstrip() for line in code.lines)


def _named(name: str, text: str) -> str:
    if not name:
        return escaped(text)
    return f"**{escaped(name)}**: {escaped(text)}"


def _width(text: str) -> int:
    """Columns that text takes on a terminal, at most."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
