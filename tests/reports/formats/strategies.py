"""Any report: every part, in any order, with text that every format reads as its own markup."""

from __future__ import annotations

from hypothesis import strategies as st

from kenning_lego.reports.document.parts import (
    Bullets,
    Chart,
    Charts,
    Columns,
    Document,
    Fact,
    Facts,
    Heading,
    KeyFigure,
    KeyFigures,
    Listing,
    Paragraph,
    Part,
    Remark,
    Remarks,
    Section,
)
from kenning_lego.reports.document.tables import Brick, Cell, Column, Rows, Table, Value
from kenning_lego.reports.drawing.svg import drawing, line, text

_MARKUP = (
    *("|", "\\|", "\\", "*", "**", "_", "x_", "__", "`", "```", "``", "[", "](a)", "]_", "[1]_"),
    *("<", "<b>", "&amp;", "&", "#", "$", "$x$", "%", "{", "}", "^", "~", "~~", "!", "=", "==="),
    *("-", "--", "---", "- ", "+ ", "* ", "1. ", "a) ", "(i) ", "#. ", ".. ", "::", ":a:", "> "),
    *(">>> ", "|x|", "\n", "\n\n", "\r", "\t", "\0", "\x1c", "\u2028", "\x85", "    x", "\ufeff"),
    *(
        "\N{NO-BREAK SPACE}",
        "\N{MINUS SIGN}",
        "µ",
        "é",
        "猫",
        "🐈",
        "العربية",
        "e\u0301",
        "\u2022 ",
    ),
    *(
        "http://a_b/*",
        "www.a.b",
        "a@b.c",
        "word",
        "Two words",
        "0",
        "3.5",
        '"',
        "'",
        "''",
        ",",
        ";",
    ),
    *("\\end{tabular}", "\\input{x}", "]]>", "</svg>", "=1+1", "\ufffe", "\ud800"),
)

texts: st.SearchStrategy[str] = st.one_of(
    st.lists(st.sampled_from(_MARKUP), max_size=6).map("".join), st.text(max_size=12)
)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts
)
_names = st.text("abcxyz-_ ./µ", min_size=1, max_size=8)
_maybe = st.none() | texts


# Composite throughout: a failing case of objects that share parts takes for ever to be printed.


@st.composite
def _bricks(draw: st.DrawFn) -> Brick:
    return Brick(
        draw(texts), draw(texts), draw(_maybe), draw(st.floats(0, 1)), draw(st.integers(0, 5))
    )


@st.composite
def _cells(draw: st.DrawFn, width: int) -> Cell:
    return Cell(
        draw(_maybe),
        draw(values),
        note=draw(texts),
        why=draw(texts),
        lines=tuple(draw(st.lists(texts, max_size=2))),
        bricks=tuple(draw(st.lists(_bricks(), max_size=2))),
        ordinal=draw(st.sampled_from(["", "1", "*"])),
        span=width,
    )


@st.composite
def _rows(draw: st.DrawFn, width: int) -> tuple[Cell, ...]:
    """Cells that take all columns together."""
    cells: list[Cell] = []
    left = width
    while left:
        span = draw(st.integers(1, left)) if draw(st.booleans()) else 1
        cells.append(draw(_cells(span)))
        left -= span
    return tuple(cells)


@st.composite
def _groups(draw: st.DrawFn, width: int) -> Rows:
    rows = draw(st.lists(_rows(width), max_size=3)) if width else []
    return Rows(tuple(rows), draw(texts), draw(texts))


@st.composite
def tables(draw: st.DrawFn, name: str | None = None) -> Table:
    """Any table, one without rows or columns too."""
    keys = draw(st.lists(_names, max_size=4, unique=True))
    columns = tuple(
        Column(
            key,
            draw(texts),
            draw(texts),
            draw(st.sampled_from(["", "", "band", "b|*"])),
            draw(st.booleans()),
            draw(st.sampled_from(["both", "page", "data"])),
        )
        for key in keys
    )
    groups = draw(st.lists(_groups(len(columns)), max_size=3))
    return Table(name or draw(_names), columns, tuple(groups), draw(texts), draw(texts))


def _drawn(name: str, title: str, label: str) -> str:
    body = [line(0, 0, 9, 9, class_="grid"), text(1, 1, label, class_="tick", text_anchor="end")]
    return drawing(name.replace(" ", "-"), title, label, 20, 10, body)


@st.composite
def _charts(draw: st.DrawFn, name: str) -> Chart:
    wide = _drawn(f"{name}-wide", draw(texts), draw(texts))
    return Chart(name, wide, wide, draw(texts), draw(st.booleans()))


_prose: st.SearchStrategy[Part] = st.one_of(
    st.builds(Paragraph, texts, st.sampled_from(["text", "answer", "subject", "small-print"])),
    st.builds(Heading, texts, st.sampled_from([3, 4])),
    st.lists(st.builds(KeyFigure, texts, _maybe, texts), max_size=2).map(
        lambda each: KeyFigures(tuple(each))
    ),
    st.lists(
        st.builds(Remark, st.sampled_from(["good", "warning", "neutral"]), texts), max_size=2
    ).map(lambda each: Remarks(tuple(each))),
    st.lists(st.builds(Fact, texts, _maybe), max_size=2).map(lambda each: Facts(tuple(each))),
    st.lists(texts, max_size=3).map(lambda each: Bullets(tuple(each))),
    st.builds(Listing, texts, st.sampled_from(["text", "sh", "yaml", "`x y"]), texts),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any report."""
    names = iter(draw(st.lists(_names, min_size=8, max_size=8, unique=True)))
    parts: list[Part] = draw(st.lists(_prose, max_size=4))
    parts += [draw(tables(next(names))) for _ in range(draw(st.integers(0, 2)))]
    parts += [draw(_charts(next(names))) for _ in range(draw(st.integers(0, 1)))]
    if draw(st.booleans()):
        parts.append(Charts(tuple(draw(_charts(next(names))) for _ in range(2))))
    mixed = draw(st.permutations(parts))
    half = len(mixed) // 2
    placed: tuple[Part, ...] = tuple(mixed)
    if draw(st.booleans()):
        placed = (Columns((tuple(mixed[:half]), tuple(mixed[half:]))),)
    sections = (
        Section("one", draw(texts), placed, frozenset({"performance"})),
        Section("two", draw(texts), tuple(draw(st.lists(_prose, max_size=2)))),
    )
    return Document(
        kind=draw(_names),
        title=draw(texts),
        place=draw(texts),
        subject=draw(texts),
        id=draw(texts),
        created=draw(texts),
        version=draw(texts),
        source=draw(texts),
        sections=sections,
    )
