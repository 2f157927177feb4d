"""Markdown that says what the report says, however that looks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.markdown import render_markdown
from kenning_lego.reports.formats.outline import Code, Grid, Image, Items, Text, Title, outline
from tests.reports.formats.strategies import documents
from tests.reports.records import resnet_record

markdown_it = pytest.importorskip("markdown_it", reason="no Markdown reader is installed")

Read = list[tuple[str, tuple[str, ...]]]


def images(document: Document) -> dict[str, str]:
    return {each.name: f"img/{number}.svg" for number, each in enumerate(document.charts())}


def plain(token: object) -> str:
    return "".join(
        plain(each) if each.type == "image" else each.content
        for each in getattr(token, "children", None) or ()
    )


def read(text: str) -> Read:
    """What a reader of CommonMark with tables finds."""
    found: Read = []
    row: list[str] | None = None
    open_: list[str] = []
    for token in markdown_it.MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            found.append(("row", tuple(row)))
            row = None
        elif token.type == "inline" and row is not None:
            row.append(plain(token).strip())
        elif token.type == "inline":
            found.append(("li" if "li" in open_ else open_[-1], (plain(token).strip(),)))
        elif token.type == "fence":
            found.append(("code", tuple(token.content.split("\n")[:-1])))
        elif token.type in {"code_block", "html_block", "hr", "blockquote_open"}:
            found.append((token.type, ()))
        elif token.type.startswith(("heading", "paragraph", "list_item")):
            if token.nesting > 0:
                open_.append(token.tag)
            else:
                open_.pop()
    return found


def meant(document: Document) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What it should find."""
    for item in outline(document, images(document)):
        match item:
            case Title():
                yield f"h{item.level}", (item.text,)
            case Text():
                yield "p", (item.text,)
            case Items():
                yield from (
                    ("li", (f"{name}: {text}".strip() if name else text,))
                    for name, text in item.items
                )
            case Grid():
                yield from _table(item)
            case Image():
                texts = (item.figure.alternative, item.figure.caption)
                yield "p", (texts[0],)
                yield from (("p", (each,)) for each in texts[1:] if each)
            case Code():
                yield "code", item.lines


def _table(grid: Grid) -> Iterator[tuple[str, tuple[str, ...]]]:
    if grid.caption:
        yield "p", (grid.caption,)
    yield "row", grid.header
    for row in grid.rows:
        yield "row", (row.title, *[""] * (len(grid.header) - 1)) if row.title else row.cells


@given(documents())
@settings(max_examples=20)
def test_what_is_read_is_what_was_said(document: Document) -> None:
    assert read(render_markdown(document, images(document))) == list(meant(document))


def test_a_report_of_a_run_is_read_as_it_was_written() -> None:
    document = document_of(resnet_record())
    text = render_markdown(document, images(document))
    assert read(text) == list(meant(document))
    assert "| Latency: predicted (ms) |" in text
    assert "](<img/0.svg>)" in text
    assert "\\" not in text.replace("\\_", ""), "nothing is escaped without need"
