"""The files of a report: where they are, how texts name figures, and that they come together."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError, StoreError
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formats.files import files_of
from kenning_lego.reports.formats.layout import Format, Layout
from kenning_lego.reports.formats.naming import file_name, file_names
from kenning_lego.reports.write import write_formats
from tests.reports.records import resnet_record

DOCUMENT = document_of(resnet_record())
EVERY: tuple[Format, ...] = ("html", "markdown", "rst", "json", "csv", "latex")
TEXTS: tuple[Format, ...] = ("markdown", "rst", "json")


def test_every_format_has_its_files(tmp_path: Path) -> None:
    write_formats(DOCUMENT, EVERY, Layout(tmp_path / "new", "report"))
    found = {str(each.relative_to(tmp_path / "new")) for each in tmp_path.rglob("*.*")}
    tables = [each.name for each in DOCUMENT.tables()]
    assert found == {
        *("report.html", "report.md", "report.rst"),
        *("report-document.json", "report-document.schema.json"),
        *(f"img/report-{each.name}.svg" for each in DOCUMENT.charts()),
        *(f"report-tables/{name}.{ending}" for name in tables for ending in ("csv", "tex")),
    }


def test_formats_without_figures_bring_none(tmp_path: Path) -> None:
    files = files_of(DOCUMENT, ("csv", "html"), Layout(tmp_path, "report"))
    assert {each.what for each in files} == {"table", "report"}


def paths_in(directory: Path) -> set[str]:
    texts = [each.read_text() for each in directory.iterdir() if each.is_file()]
    patterns = (r"\]\(<(.*?)>\)", r"figure:: (.*)", r'"file": "(.*?)"')
    found = [set(re.findall(pattern, text)) for text in texts for pattern in patterns]
    (paths,) = {frozenset(each) for each in found if each}
    return set(paths)


def test_texts_name_figures_that_are_there(tmp_path: Path) -> None:
    write_formats(DOCUMENT, TEXTS, Layout(tmp_path, "report"))
    found = paths_in(tmp_path)
    assert found
    assert all((tmp_path / each).is_file() for each in found)


def test_paths_are_relative_to_the_root_that_is_named(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    images = source / "generated" / "img"
    write_formats(DOCUMENT, TEXTS, Layout(source / "generated", "pi", images, source))
    found = paths_in(source / "generated")
    assert "generated/img/pi-latency.svg" in found
    assert all((source / each).is_file() for each in found)


def test_figures_elsewhere_are_named_from_the_text(tmp_path: Path) -> None:
    write_formats(DOCUMENT, TEXTS, Layout(tmp_path / "text", "pi", tmp_path / "img"))
    assert "../img/pi-latency.svg" in paths_in(tmp_path / "text")


def test_figures_outside_of_the_root_are_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path / "a", "pi", tmp_path / "img", tmp_path / "a")
    with pytest.raises(ConfigurationError, match="not below --root-dir"):
        write_formats(DOCUMENT, TEXTS, layout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["fsync", "third"])
def test_a_disk_that_fills_up_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    layout = Layout(tmp_path, "report")
    write_formats(DOCUMENT, EVERY, layout)
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    calls = 0

    def full(_: int) -> None:
        nonlocal calls
        calls += 1
        if fails == "fsync" or calls > 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    other = document_of(resnet_record().model_copy(update={"id": "another"}))
    with pytest.raises(StoreError, match="No space left on device"):
        write_formats(other, EVERY, layout)
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_names_of_files_are_plain_and_never_alike() -> None:
    assert file_name("ResNet on Pi 5: größer") == "ResNet-on-Pi-5-groer"
    assert file_name("../..") == "unnamed"
    assert file_names(["a/b", "a b", "A-B", "a/b"]) == {
        "a/b": "a-b",
        "a b": "a-b-2",
        "A-B": "A-B-3",
    }
    assert len(file_name("x" * 300)) == 80
