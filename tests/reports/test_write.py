"""The report is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.errors import StoreError
from kenning_lego.reports.write import write_report
from tests.reports.pages import render
from tests.reports.records import whole_model_record

RECORD = whole_model_record()


def test_the_page_is_written_and_nothing_else_stays(tmp_path: Path) -> None:
    path = write_report(RECORD, tmp_path / "runs" / "one")
    assert path == tmp_path / "runs" / "one" / "report.html"
    assert path.read_text(encoding="utf-8") == render(RECORD)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_report(RECORD, tmp_path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        write_report(RECORD.model_copy(update={"id": "another"}), tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_that_is_a_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match="choose another directory"):
        write_report(RECORD, tmp_path / "taken")
