"""Tables as CSV give the values back; as LaTeX they compile, whatever is in them."""

from __future__ import annotations

import csv
import io
import math
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from kenning_lego.reports.document.tables import Cell, Column, Rows, Table, Value
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.csv_tables import render_csv
from kenning_lego.reports.formats.latex import escaped, render_latex
from kenning_lego.reports.formats.table_texts import absences, headings, text_rows
from tests.reports.formats.strategies import tables
from tests.reports.records import resnet_record

LATEX = shutil.which("pdflatex")


def back(text: str, value: Value) -> Value:
    """The value that a text in a CSV file stands for, read as the type that it was."""
    if isinstance(value, bool):
        return {"true": True, "false": False}[text]
    if value is None:
        return None if text == "" else text
    return type(value)(text)


@given(tables())
@settings(max_examples=25)
def test_csv_gives_the_values_back(table: Table) -> None:
    rows = list(csv.reader(io.StringIO(render_csv(table), newline="")))
    keys = [column.key for column in table.columns if column.where != "page"]
    grouped = any(group.title for group in table.groups)
    assert rows[0] == keys + ["group"] * grouped
    for (title, row), texts in zip(table.rows(), rows[1:], strict=True):
        assert len(texts) == len(rows[0])
        assert not grouped or texts[-1] == title
        for (_, value), text in zip(table.values(row), texts, strict=False):
            if isinstance(value, float) and not math.isfinite(value):
                assert text == ""
            else:
                assert back(text, value) == value


@given(tables())
@settings(max_examples=25)
def test_rows_of_text_have_a_cell_for_each_column(table: Table) -> None:
    width = len(headings(table))
    assert width == len(table.shown)
    for row in text_rows(table):
        assert len(row.cells) == (0 if row.title else width)
        assert "\n" not in "".join(row.cells) + row.title


def test_cells_say_what_is_not_there_below_the_table() -> None:
    columns = (Column("a", "A", "ms"), Column("b", "B", band="Both"), Column("c", "C"))
    rows = ((Cell("x", 1, note="of 2"), Cell(None, why="no sensor"), Cell(None)),)
    table = Table("t", columns, (Rows(rows, "group", "note"),))
    assert headings(table) == ("A (ms)", "Both: B", "C")
    title, row = text_rows(table)
    assert title.title == "group (note)"
    assert row.cells == ("x (of 2)", "—", "—")
    assert absences(table) == "—: no sensor; not measured."


def test_latex_has_rules_units_and_spans() -> None:
    table = next(each for each in document_of(resnet_record()).tables() if each.name[0] == "c")
    text = render_latex(table, "chosen")
    assert text.startswith("% needs the packages booktabs and graphicx\n")
    assert r"\label{tab:chosen}" in text
    assert r"\multicolumn{3}{c}{Latency}" in text
    assert r"\cmidrule(lr){4-6}" in text
    assert "predicted (ms)" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    assert r"4.581 (4.573--4.589)" in text


def test_latex_escapes_what_it_would_read() -> None:
    said = escaped("\\a{b}$c&d#e%f_g~h^i<j>k|l--m[n]*")
    assert said.startswith(r"\textbackslash{}a\{b\}\$c\&d\#e\%f\_g\textasciitilde{}h")
    assert said.endswith("l-{}-m{[}n{]}{*}")
    assert escaped("40\N{NO-BREAK SPACE}µs") == r"40~$\mu$s"
    assert escaped("猫") == r"\ifdefined\Umathcode 猫\else ?\fi{}"


@pytest.mark.skipif(LATEX is None, reason="pdflatex is not installed")
def test_latex_compiles_whatever_is_in_the_tables(tmp_path: Path) -> None:
    written: list[str] = []

    @given(tables())
    @settings(max_examples=20, database=None, suppress_health_check=list(HealthCheck))
    def collect(table: Table) -> None:
        if table.shown and any(group.rows for group in table.groups):
            written.append(render_latex(table, f"any-{len(written)}"))

    collect()
    written += [render_latex(each, each.name) for each in document_of(resnet_record()).tables()]
    assert any("longtable" in each for each in written)
    packages = "".join(rf"\usepackage{{{each}}}" for each in ("booktabs", "longtable", "graphicx"))
    body = "\n\\clearpage\n".join(written)
    source = tmp_path / "tables.tex"
    source.write_text(
        f"\\documentclass{{article}}{packages}\\begin{{document}}\n{body}\\end{{document}}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [LATEX or "", "-halt-on-error", "-interaction=nonstopmode", source.name],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
