"""The verb `report`: formats, types, names, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.store.atomic import write_json
from tests.reports.records import resnet_record

Output = pytest.CaptureFixture[str]


def report(*arguments: str | Path) -> int:
    return run(dispatch, ["report", *map(str, arguments)])


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "run" / "record.json"
    write_json(path, resnet_record().model_dump(mode="json"))
    return path


def test_a_page_is_what_one_gets(record: Path, capsys: Output) -> None:
    assert report(record) == 0
    assert capsys.readouterr().out == f"report {record.parent / 'report.html'}\n"
    assert {each.name for each in record.parent.iterdir()} == {"record.json", "report.html"}


def test_formats_go_where_they_are_told_to(record: Path, tmp_path: Path, capsys: Output) -> None:
    docs = tmp_path / "docs"
    status = report(
        *(record.parent, "--formats", "markdown", "csv", "--output", docs / "text"),
        *("--img-dir", docs / "figures", "--root-dir", docs),
        *("--report-types", "performance", "--report-name", "ResNet on a Pi"),
    )
    assert status == 0
    text = (docs / "text" / "ResNet-on-a-Pi.md").read_text(encoding="utf-8")
    assert text.startswith("# ResNet on a Pi\n")
    assert "](<figures/ResNet-on-a-Pi-latency.svg>)" in text
    assert "## Configurations" not in text
    assert capsys.readouterr().out.splitlines() == [
        f"report {docs / 'text' / 'ResNet-on-a-Pi.md'}",
        f"tables {docs / 'text' / 'ResNet-on-a-Pi-tables'}",
        f"figures {docs / 'figures'}",
    ]


def test_what_the_record_has_nothing_of_is_said(record: Path, capsys: Output) -> None:
    assert report(record, "--report-types", "performance", "detection") == 0
    assert "this run has nothing of detection" in capsys.readouterr().out
    page = record.with_name("report.html").read_text(encoding="utf-8")
    assert "This run has nothing of detection." in page


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--report-types", "speed"], "there are no reports of the type 'speed' (there are: "),
        (["--report-types", "detection"], "this run has nothing of detection (it has: "),
        (["--formats", "pdf"], "'pdf'"),
        (["--formats", "rst", "--root-dir", "elsewhere"], "not below --root-dir"),
        (["--figures", "gif"], "'gif'"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    record: Path, capsys: Output, flags: list[str], said: str
) -> None:
    assert report(record, *flags) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(record.parent.iterdir()) == [record]


@pytest.mark.parametrize(
    ("module", "flags", "extra"),
    [
        ("resvg_py", ["--formats", "rst", "--figures", "png"], "png"),
        ("mlflow", ["--mlflow", "file:runs"], "mlflow"),
    ],
)
def test_a_missing_package_is_said_before_anything_is_written(
    record: Path,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    flags: list[str],
    extra: str,
) -> None:
    for name in (module, f"{module}.exceptions", f"{module}.tracking"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    assert report(record, *flags) == 2
    assert f"pip install 'kenning-lego[{extra}]'" in capsys.readouterr().err
    assert list(record.parent.iterdir()) == [record]
