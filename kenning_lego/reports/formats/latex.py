r"""Tables of a report as LaTeX, to be read by ``\input`` where booktabs is loaded.

See the package's documentation, "Publication quality tables in LaTeX" (Fear): no upright rules, a
heavy rule above and below, a light one below the heading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kenning_lego.reports.document.tables import Cell, Table
from kenning_lego.reports.formats.table_texts import absences, cell_text
from kenning_lego.reports.formats.text import one_line

_MOST_ROWS = 40
"""Of one page; longer tables are broken over pages by longtable."""
_LONG = 60
"""Characters of a line in a cell that spans columns."""

_ASCII = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": r"\textasciigrave{}",
    # After a row's end these would be read as its arguments.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}
_SYMBOLS = {
    "\N{NO-BREAK SPACE}": "~",
    "\N{MINUS SIGN}": "$-$",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MIDDLE DOT}": r"$\cdot$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{RIGHTWARDS ARROW}": r"$\rightarrow$",
    "\N{DEGREE SIGN}": r"$^{\circ}$",
    "\N{MICRO SIGN}": r"$\mu$",
    "\N{GREEK SMALL LETTER MU}": r"$\mu$",
    "\N{HORIZONTAL ELLIPSIS}": r"\ldots{}",
    "\N{LEFT DOUBLE QUOTATION MARK}": "``",
    "\N{RIGHT DOUBLE QUOTATION MARK}": "''",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}
_LETTERS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
"""Beyond ASCII, that every LaTeX since 2018 reads and has in its fonts."""


def render_latex(table: Table, label: str) -> str:
    r"""A table; the same table always gives the same text.

    One that is wider than the text is made smaller: to the text's width on one page, in small type
    over several.

    Args:
        table: with at least one column and row that people see.
        label: for ``\ref``, without the ``tab:`` before it.
    """
    rows = list(_rows(table))
    titled = rf"\caption{{{_caption(table)}}}\label{{tab:{label}}}"
    columns = "".join("r" if column.number else "l" for column in table.shown)
    heading = [r"\toprule", *_head(table), r"\midrule"]
    note = " ".join(filter(None, (absences(table), table.note)))
    below = [rf"\par\smallskip{{\footnotesize\raggedright {escaped(note)}\par}}"] if note else []
    if len(rows) > _MOST_ROWS:
        lines = [
            "% needs the packages booktabs and longtable",
            r"\begingroup\scriptsize\setlength{\tabcolsep}{3pt}",
            r"\setlength{\LTleft}{0pt plus 1fill minus 1fill}\setlength{\LTright}{\LTleft}",
            rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
            rf"{titled}\\",
            *(*heading, r"\endhead", r"\bottomrule", r"\endlastfoot"),
            *rows,
            *(r"\end{longtable}", *below, r"\endgroup"),
        ]
    else:
        lines = [
            "% needs the packages booktabs and graphicx",
            *(r"\begin{table}", r"\centering", titled),
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
            *(*heading, *rows, r"\bottomrule", r"\end{tabular}}"),
            *(*below, r"\end{table}"),
        ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A line of text that is read as it is.

    Letters of scripts that pdfLaTeX has no fonts for are shown by XeLaTeX and LuaLaTeX, and as a
    question mark by others.
    """
    # Hyphens next to each other would join to a dash.
    pieces = re.split("(?<=-)(?=-)", one_line(text))
    return "{}".join("".join(map(_character, piece)) for piece in pieces)


def _character(character: str) -> str:
    if character in _ASCII:
        return _ASCII[character]
    if character.isascii() or character in _LETTERS:
        return character
    if character in _SYMBOLS:
        return _SYMBOLS[character]
    return rf"\ifdefined\Umathcode {character}\else ?\fi{{}}"


def _head(table: Table) -> Iterator[str]:
    if any(column.band for column in table.shown):
        yield _line([_over(band, len(columns)) for band, columns in _bands(table)])
        yield " ".join(_rules(table))
    titles = (
        f"{column.title} ({column.unit})" if column.unit else column.title for column in table.shown
    )
    yield _line([escaped(title) for title in titles])


def _bands(table: Table) -> Iterator[tuple[str, tuple[object, ...]]]:
    for band, columns in table.bands:
        if band:
            yield band, columns
        else:
            yield from (("", (column,)) for column in columns)


def _over(band: str, width: int) -> str:
    return rf"\multicolumn{{{width}}}{{c}}{{{escaped(band)}}}" if band else ""


def _rules(table: Table) -> Iterator[str]:
    place = 1
    for band, columns in _bands(table):
        if band:
            yield rf"\cmidrule(lr){{{place}-{place + len(columns) - 1}}}"
        place += len(columns)


def _rows(table: Table) -> Iterator[str]:
    width = len(table.shown)
    for number, group in enumerate(table.groups):
        if group.title:
            if number:
                yield r"\addlinespace"
            title = f"{group.title} ({group.note})" if group.note else group.title
            yield rf"\multicolumn{{{width}}}{{@{{}}l}}{{\textit{{{escaped(title)}}}}} \\"
        for row in group.rows:
            yield _line([_cell(cell, span) for _, cell, span in table.shown_cells(row)])


def _cell(cell: Cell, span: int) -> str:
    text = cell_text(cell, spanning=span > 1)
    if span == 1:
        return escaped(text)
    # A sentence is broken into lines: it would make the table wider than its figures need.
    form = r"p{0.5\linewidth}" if len(text) > _LONG else "l"
    return rf"\multicolumn{{{span}}}{{{form}}}{{{escaped(text)}}}"


def _line(cells: list[str]) -> str:
    return rf"{' & '.join(cells)} \\"


def _caption(table: Table) -> str:
    return escaped(table.caption or table.name.replace("-", " ").capitalize())
