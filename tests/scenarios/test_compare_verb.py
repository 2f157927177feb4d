"""The verb `compare`: what it says, what it refuses, and its exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.measurement_records import VerdictRecord
from kenning_lego.core.run_headers import OriginRecord
from kenning_lego.store.atomic import write_json
from tests.reports.comparisons.records import again, changed, load_record, training_record
from tests.reports.records import whole_model_record

Output = pytest.CaptureFixture[str]
NAME = whole_model_record().measurements[0].name


def compare(*arguments: str | Path) -> int:
    return run(dispatch, ["compare", *map(str, arguments)])


Save = Callable[[OriginRecord], Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def saved(record: OriginRecord) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}" / "record.json"
        write_json(path, record.model_dump(mode="json"))
        return path

    return saved


def test_same_run_again_is_no_regression(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    one, other = save(before), save(again(before, 1.0))
    assert compare(one, other) == 0
    shown = capsys.readouterr().out
    assert "no difference seen (" in shown
    assert "no regression: nothing was seen to be slower by more than 2 %" in shown
    assert shown.endswith("95 % confidence\n")


def test_slower_run_exits_with_3_and_faster_one_with_0(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    one, other = save(before), save(again(before, 1.05))
    assert compare(one.parent, other.parent) == 3
    assert "slower by 4." in capsys.readouterr().out
    assert compare(other, one) == 0
    assert "faster by 4." in capsys.readouterr().out
    assert compare(one, other, "--threshold", "0.1") == 0
    assert compare("--threshold", "0.1", one, "--json", other) == 0


def test_json_says_the_same(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    one, other = save(before), save(again(before, 1.05))
    assert compare(one, other, "--json") == 3
    shown = json.loads(capsys.readouterr().out)
    assert shown["regression"] is True
    assert shown["correction"] == "holm"
    row = shown["rows"][0]
    assert row["name"] == NAME
    assert row["regression"] is True
    assert row["difference"]["outcome"] == "slower"
    assert 0.04 < row["difference"]["low"] < row["difference"]["high"] < 0.06


def test_too_few_rounds_are_said_to_be_too_few(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    one, other = save(before), save(again(before, 2.0, count=8))
    assert compare(one, other) == 0
    assert "too few samples to tell: needs about 12 more rounds" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("target.environment.facts.board", "Other Board", "board: "),
        ("measurements.0.clock", "host", "clock: target and host"),
    ],
)
def test_other_target_or_clock_is_refused_unless_asked_for(
    save: Save, capsys: Output, path: str, value: str, said: str
) -> None:
    before = whole_model_record()
    one, other = save(before), save(changed(before, path, value))
    assert compare(one, other) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the runs were not measured alike: ")
    assert said in error
    assert "--across-targets" in error
    assert compare(one, other, "--across-targets") == 0
    assert f"warning: {said}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("target.used.threads", 4, "threads: 1 and 4"),
        ("target.used.batch", 8, "batch: unknown and 8"),
        ("target.used.version", "9.9", "and 9.9"),
        ("target.environment.state_before.governor", "powersave", "and powersave"),
        ("network.name", "other", "and other"),
        ("measurements.0.loops", 16, "means of 1 and 16 calls"),
        ("segments.0.variants.0.artifact.digest", "ab" * 32, "other artifacts"),
    ],
)
def test_what_differs_beside_latency_is_said(
    save: Save, capsys: Output, path: str, value: object, said: str
) -> None:
    before = whole_model_record()
    assert compare(save(before), save(changed(before, path, value))) == 0
    assert said in capsys.readouterr().out


def test_doubt_about_a_measurement_is_carried_over(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    doubted = before.measurements[0].model_copy(update={"verdict": VerdictRecord(name="drifting")})
    after = before.model_copy(update={"measurements": (doubted, *before.measurements[1:])})
    assert compare(save(before), save(after)) == 0
    assert "drifting in the second run" in capsys.readouterr().out


def test_measurements_of_one_run_alone_are_named(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    extra = before.measurements[0].model_copy(update={"name": "extra"})
    after = before.model_copy(update={"measurements": (*before.measurements, extra)})
    assert compare(save(before), save(after)) == 0
    assert "warning: only in the second run: extra" in capsys.readouterr().out


def test_runs_without_anything_in_common_are_refused(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    after = changed(before, "measurements.0.name", "other")
    assert compare(save(before), save(after)) == 2
    assert "no measurement in common" in capsys.readouterr().err


@pytest.mark.parametrize(("count", "said"), [(0, "no records were"), (1, "one record was")])
def test_two_records_are_asked_for(save: Save, capsys: Output, count: int, said: str) -> None:
    path = save(whole_model_record())
    assert compare(*[path] * count) == 2
    assert capsys.readouterr().err.startswith(f"error: {said} named (name two")


def test_more_than_can_be_told_apart_are_refused(save: Save, capsys: Output) -> None:
    path = save(whole_model_record())
    assert compare(*[path] * 9) == 2
    assert "error: 9 records to compare (name 2 to 8)" in capsys.readouterr().err


def test_several_records_are_compared_with_the_first(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    paths = [save(before), save(again(before, 1.0)), save(again(before, 1.05))]
    assert compare(*paths) == 3
    shown = capsys.readouterr().out
    assert f"A: {before.id} (resnet18)" in shown
    row = next(line for line in shown.splitlines() if line.startswith(NAME))
    assert re.search(r"6\.58\sms +[=?] \(.*\) +\+4\.\d % \(\+4\.\d to \+5\.\d\) !", row)
    assert "regression: C: 1 of 1 slower by more than 2 % (!)" in shown
    assert "corrected for 2 comparisons (Holm)" in shown
    assert compare(*paths, "--json") == 3
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "comparisons"
    assert list(found["records"]) == ["A", "B", "C"]
    assert [each["regression"] for each in found["with_the_first"].values()] == [False, True]


def test_warnings_of_several_records_name_the_record(save: Save, capsys: Output) -> None:
    before = whole_model_record()
    paths = [save(before), save(before), save(changed(before, "target.used.threads", 4))]
    assert compare(*paths) == 0
    assert "warning: C: threads: 1 and 4" in capsys.readouterr().out


def test_page_is_written_beside_what_is_said(save: Save, tmp_path: Path, capsys: Output) -> None:
    before = whole_model_record()
    one, other = save(before), save(again(before, 1.05))
    assert compare(one, other, "--html", tmp_path / "pages") == 3
    page = tmp_path / "pages" / "comparison.html"
    assert f"report {page}" in capsys.readouterr().out
    assert "slower than A" in page.read_text(encoding="utf-8")


def test_trainings_are_compared_by_their_scores(save: Save, capsys: Output) -> None:
    one, other = (save(training_record(score)) for score in (0.93, 0.90))
    assert compare(one, other) == 0
    assert "test part: 92.60" in capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")


def test_kinds_are_not_mixed(save: Save, capsys: Output) -> None:
    assert compare(save(whole_model_record()), save(load_record())) == 2
    error = capsys.readouterr().err
    assert "records of different kinds: run, load (compare records of one kind)" in error


def test_records_of_older_versions_are_compared(capsys: Output) -> None:
    fixtures = Path(__file__).parents[1] / "core" / "fixtures"
    old, new = fixtures / "record-v1.json", fixtures / "record-v2.json"
    assert compare(old, old) == 0
    assert "no regression" in capsys.readouterr().out
    assert compare(old, new, "--across-targets") in (0, 2, 3)


def test_file_that_is_no_record_is_one_line(tmp_path: Path, save: Save, capsys: Output) -> None:
    assert compare(save(whole_model_record()), tmp_path / "none") == 2
    error = capsys.readouterr().err
    assert error.startswith("error: unknown run")
    assert error.count("\n") == 1


@pytest.mark.parametrize("flag", ["--threshold=-1", "--confidence=2", "--treshold=1"])
def test_wrong_flag_is_one_line(save: Save, capsys: Output, flag: str) -> None:
    path = save(whole_model_record())
    assert compare(path, path, flag) == 2
    assert capsys.readouterr().err.count("\n") == 1
