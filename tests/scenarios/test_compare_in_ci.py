"""The verb `compare` for continuous integration: JUnit, annotations, summaries, exit codes."""

from __future__ import annotations

import json
import random
import statistics
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.records import RunRecord
from kenning_lego.store.atomic import write_json
from tests.reports.records import resnet_record, samples

Output = pytest.CaptureFixture[str]
SLOWER, FEW, SAME = "stem@original", "layer1.0@pruned-0.40", "layer1.0@original"
HOSTILE = "a::b, 100 % <b>\x01|\n"

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        *("name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp"),
        *("hostname", "id", "package", "file", "log", "url"),
    },
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "properties": set(),
    "property": {"name", "value"},
    "system-out": set(),
    "system-err": set(),
}
"""Of each element in the schema of Jenkins' xUnit plugin, junit-10.xsd."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
    "properties": {"property"},
}


def compare(*arguments: str | Path) -> int:
    return run(dispatch, ["compare", *map(str, arguments)])


def measured(factor: float, few: int, *names: str) -> RunRecord:
    """A run of a few measurements: one slower by a factor, one with few samples."""
    rng = random.Random(7)
    record = resnet_record()
    every = {each.name: each for each in record.measurements}
    shown = []
    for name in names or (SLOWER, FEW, SAME):
        median = statistics.median(every.get(name, every[SAME]).samples_ns)
        timed = samples(
            rng, median * (factor if name == SLOWER else 1.0), few if name == FEW else 400
        )
        shown.append(every[SAME].model_copy(update={"name": name, "samples_ns": timed}))
    return record.model_copy(update={"measurements": tuple(shown)})


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "one" / "record.json", tmp_path / "other" / "record.json"
    write_json(one, measured(1.0, 400).model_dump(mode="json"))
    write_json(other, measured(1.06, 8).model_dump(mode="json"))
    return one, other


def check(element: ElementTree.Element) -> None:
    """What the schema admits, and what it needs."""
    assert set(element.attrib) <= ATTRIBUTES[element.tag]
    assert {each.tag for each in element} <= CHILDREN.get(element.tag, set())
    if element.tag == "testsuite":
        assert {"name", "tests", "failures", "errors"} <= set(element.attrib)
        assert float(element.attrib["time"]) >= 0
    for each in element:
        check(each)


def test_junit_has_a_case_for_each_measurement(runs: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "build" / "compare.xml"
    assert compare(*runs, "--format", "junit", "--output", path) == 3
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    check(root)
    (suite,) = root
    assert {key: suite.attrib[key] for key in ("tests", "failures", "skipped", "errors")} == {
        "tests": "4",
        "failures": "2",
        "skipped": "1",
        "errors": "0",
    }
    assert suite.attrib["timestamp"] == "2024-06-07T10:15:02"
    assert suite.attrib["hostname"] == "Raspberry Pi 5 Model B Rev 1.0"
    cases = {each.attrib["name"]: each for each in suite.iter("testcase")}
    assert list(cases) == [SLOWER, FEW, SAME, "overall (geometric mean)"]
    assert cases[SLOWER][0].tag == "failure"
    assert cases[SLOWER][0].attrib["message"].startswith("slower by 5.")
    assert cases[FEW][0].tag == "skipped"
    assert cases[FEW][0].attrib["message"].startswith("too few samples to tell")
    assert list(cases[SAME]) == []


def test_annotations_are_errors_warnings_and_a_verdict(
    runs: tuple[Path, Path], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert compare(*runs, "--format", "github") == 3
    error, overall, warning, notice = capsys.readouterr().out.splitlines()
    assert error.startswith("::error title=Slower%3A stem@original::slower by 5.")
    assert "%25 (41" in error
    assert overall.startswith("::error title=Slower%3A overall (geometric mean)::")
    assert warning.startswith("::warning title=Cannot tell%3A layer1.0@pruned-0.40::too few")
    assert notice.startswith("::notice title=resnet18%3A ")
    assert "Regression: 1 of 3 slower by more than 2 %25 (95 %25 confidence)." in notice
    told = summary.read_text(encoding="utf-8")
    assert told.startswith("before\n### resnet18: ")
    assert "| stem@original | 41" in told
    assert "| regression |" in told


def test_a_summary_that_cannot_be_written_is_an_error_after_the_fact(
    runs: tuple[Path, Path], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert compare(*runs, "--format", "github") == 1
    assert "cannot add to the job's summary" in capsys.readouterr().err


def test_other_formats_leave_the_summary_alone(
    runs: tuple[Path, Path], tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert compare(*runs, "--format", "markdown") == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "**Regression: 1 of 3 slower by more than 2 % (95 % confidence).**"
    assert lines[4] == "| Measurement | Before | After | Difference |  |"
    assert not (tmp_path / "summary.md").exists()


@pytest.mark.parametrize("flags", [["--format", "json"], ["--json"]])
def test_json_is_the_same_both_ways(
    runs: tuple[Path, Path], capsys: Output, flags: list[str]
) -> None:
    assert compare(*runs, *flags) == 3
    assert json.loads(capsys.readouterr().out)["regression"] is True


def test_text_goes_into_a_file_too(runs: tuple[Path, Path], tmp_path: Path) -> None:
    assert compare(*runs, "--output", tmp_path / "said.txt") == 3
    assert "regression: 1 of 3 slower" in (tmp_path / "said.txt").read_text()


@pytest.mark.parametrize("which", ["junit", "github", "markdown"])
def test_hostile_names_stay_names(tmp_path: Path, capsys: Output, which: str) -> None:
    paths = []
    for number, factor in enumerate((1.0, 1.06)):
        record = measured(factor, 400, HOSTILE, SLOWER)
        paths.append(tmp_path / str(number) / "record.json")
        write_json(paths[-1], record.model_dump(mode="json"))
    assert compare(*paths, "--format", which) == 3
    said = capsys.readouterr().out
    if which == "junit":
        root = ElementTree.fromstring(said)
        check(root)
        name = next(root.iter("testcase")).attrib["name"]
        assert name == "a::b, 100 % <b>\N{REPLACEMENT CHARACTER}|"
    elif which == "github":
        assert all(line.startswith("::") for line in said.splitlines())
        assert "a::b" not in said
    else:
        rows = [line for line in said.splitlines() if line.startswith("| ")]
        assert {line.replace(r"\|", "").count("|") for line in rows} == {6}


def test_more_regressions_than_github_shows_are_counted(tmp_path: Path, capsys: Output) -> None:
    names = [f"m{number}" for number in range(15)]
    paths = []
    for number, factor in enumerate((1.0, 1.1)):
        record = measured(1.0, 400, *names)
        slower = tuple(
            each.model_copy(
                update={"samples_ns": tuple(round(value * factor) for value in each.samples_ns)}
            )
            for each in record.measurements
        )
        paths.append(tmp_path / str(number) / "record.json")
        content = record.model_copy(update={"measurements": slower}).model_dump(mode="json")
        write_json(paths[-1], content)
    assert compare(*paths, "--format", "github") == 3
    errors = [line for line in capsys.readouterr().out.splitlines() if "::error" in line]
    assert len(errors) == 9
    assert errors[-1].startswith("::error title=Slower%3A 8 more::m8, m9, ")
