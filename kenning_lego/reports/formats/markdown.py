"""Reports as Markdown: CommonMark with the tables of GitHub's, which MyST and MkDocs read too.

See the "CommonMark Spec" 0.31 and the "GitHub Flavored Markdown Spec" 0.29.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

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
from kenning_lego.reports.formats.table_texts import TextRow

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&#])")
_LIST = re.compile(r"(\d*)([+-]|(?<=\d)[.)])(?=[\s+-]|$)")


def render_markdown(document: Document, images: Mapping[str, str]) -> str:
    """The report; the same report always gives the same text.

    Args:
        document: the report.
        images: paths of the figures to show, by the charts' names.
    """
    blocks = ["\n".join(_block(item)) for item in outline(document, images)]
    return "\n\n".join(blocks) + "\n"


def markdown_table(header: Iterable[str], rows: Iterable[TextRow], numbers: Iterable[bool]) -> str:
    """A table; every line of it has a cell for each column."""
    titles = tuple(header)
    marks = ("---:" if number else ":---" for number in numbers)
    lines = [_row(map(escaped, titles)), f"| {' | '.join(marks)} |"]
    for row in rows:
        if row.title:
            lines.append(_row((f"**{escaped(row.title)}**", *[""] * (len(titles) - 1))))
        else:
            lines.append(_row(map(escaped, row.cells)))
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Text within a line that is read as it is."""
    return _SPECIAL.sub(r"\\\1", text)


def _opening(text: str) -> str:
    """Text that begins a line, and is no list."""
    return _LIST.sub(r"\1\\\2", escaped(text), count=1) if _LIST.match(text) else escaped(text)


def _block(item: Item) -> Iterator[str]:
    match item:
        case Title():
            yield f"{'#' * item.level} {_opening(item.text)}"
        case Text():
            yield _opening(item.text)
        case Items():
            yield from (f"- {_named(*each)}" for each in item.items)
        case Grid():
            if item.caption:
                yield f"**{escaped(item.caption)}**"
                yield ""
            yield markdown_table(item.header, item.rows, item.numbers)
        case Image():
            yield f"![{escaped(item.figure.alternative)}](<{_address(item.path)}>)"
            if item.figure.caption:
                yield ""
                yield _opening(item.figure.caption)
        case Code():
            yield from _fenced(item)


def _named(name: str, text: str) -> str:
    return f"**{escaped(name)}**: {escaped(text)}" if name else _opening(text)


def _fenced(code: Code) -> Iterator[str]:
    longest = max((len(each) for line in code.lines for each in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + re.sub(r"[^\w+-]", "", code.language)
    yield from code.lines
    yield fence


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _address(path: str) -> str:
    return quote(path, safe="/.~_-:")
