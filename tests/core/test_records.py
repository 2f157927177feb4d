"""Records survive the disk, old ones open for ever, others are refused with a reason."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import WorkspaceError
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import SCHEMA_VERSION, RunRecord
from kenning_lego.store.atomic import write_json

VERSION_1 = Path(__file__).parent / "fixtures" / "record-v1.json"
VERSION_2 = VERSION_1.with_name("record-v2.json")


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def damaged(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = content_of(VERSION_2)
    change(content)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_record_of_version_1_still_opens() -> None:
    record = open_as(RunRecord, VERSION_1)
    assert record.schema_version == SCHEMA_VERSION
    assert record.id == "20260101T120000Z-ab12"
    assert record.network.samples == {"train": 80, "validation": 10, "test": 10}
    block = record.segments[1]
    assert [variant.name for variant in block.variants] == ["body@original", "body@pruned-0.40"]
    assert block.inputs[0].shape == ("N", 8, 4, 4)
    assert block.variants[1].accuracy_cost == -0.01
    chosen, impossible = record.configurations
    assert chosen.measured is not None
    assert chosen.measured.latency_ms == 0.82
    assert not impossible.feasible
    assert impossible.nearest[0].changed == ("latency",)
    assert record.target.environment.state_after["governor"] == "performance"


def test_measurement_is_found_by_its_name() -> None:
    record = open_as(RunRecord, VERSION_1)
    found = record.measurement(record.segments[1].variants[1].measurement)
    assert found is not None
    assert (found.clock, found.samples_ns[:2]) == ("target", (401_000, 398_500))
    assert record.measurement("of nothing") is None
    assert record.measurement(None) is None


def test_record_is_the_same_after_a_round_trip(tmp_path: Path) -> None:
    record = open_as(RunRecord, VERSION_1)
    path = tmp_path / "record.json"
    write_json(path, record.model_dump(mode="json"))
    assert open_as(RunRecord, path) == record


def test_version_1_loses_nothing() -> None:
    was = content_of(VERSION_1)
    now = open_as(RunRecord, VERSION_1)
    assert was.pop("schema_version") == 1
    assert now.schema_version == SCHEMA_VERSION
    assert kept(was, json.loads(json.dumps(now.model_dump(mode="python"))))
    measured = now.measurements[0]
    assert (measured.loops, measured.warmup, measured.per_round) == (1, 0, ())
    assert (measured.verdict, now.plans, now.telemetry, now.whole) == (None, (), None, None)


def kept(before: object, after: object) -> bool:
    """Whether all that was there before is there after, beside what was added."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(kept, before, after))
    return before == after


def test_fixture_leaves_no_field_of_the_record_out() -> None:
    # Reading the newest version must fill in nothing.
    content = content_of(VERSION_2)
    record = open_as(RunRecord, VERSION_2)
    assert record.model_dump(mode="json") == content
    assert record.measurements[1].samples_ns[:2] == (401_000, 398_500)
    assert record.plans[0].verdict is not None
    assert record.plans[0].verdict.name == "noisy"


def test_record_of_before_classes_were_told_apart_opens(tmp_path: Path) -> None:
    def older(content: dict[str, Any]) -> None:
        for each in content["configurations"]:
            del each["classification"]

    assert open_as(RunRecord, damaged(tmp_path, older)).configurations[0].classification is None


def test_record_of_before_precisions_were_mixed_opens(tmp_path: Path) -> None:
    def older(content: dict[str, Any]) -> None:
        del content["mixing"], content["additivity"]["engines_errors"]
        for variant in content["segments"][1]["variants"]:
            del variant["way"], variant["engine"]

    record = open_as(RunRecord, damaged(tmp_path, older))
    assert record.mixing is None
    assert {(each.way, each.engine) for each in record.segments[1].variants} == {("", 0)}


def test_record_of_before_it_said_what_energies_are_from_opens(tmp_path: Path) -> None:
    def older(content: dict[str, Any]) -> None:
        for each in content["configurations"]:
            del each["energy"]

    assert open_as(RunRecord, damaged(tmp_path, older)).configurations[0].energy is None


@pytest.mark.parametrize("cell", [[0, 2, 1], [-1, 0, 1]])
def test_a_confusion_matrix_has_no_other_classes(cell: list[int], tmp_path: Path) -> None:
    def other(content: dict[str, Any]) -> None:
        content["configurations"][0]["classification"]["confusion"].append(cell)

    with pytest.raises(WorkspaceError, match="is of no class"):
        open_as(RunRecord, damaged(tmp_path, other))


def test_record_without_telemetry_opens(tmp_path: Path) -> None:
    record = open_as(RunRecord, damaged(tmp_path, lambda c: c.pop("telemetry")))
    assert record.telemetry is None


def test_record_of_before_memory_was_measured_opens(tmp_path: Path) -> None:
    def older(content: dict[str, Any]) -> None:
        del content["memory"]
        for segment in content["segments"]:
            for variant in segment["variants"]:
                del variant["rss_bytes"], variant["peak_bytes"]

    record = open_as(RunRecord, damaged(tmp_path, older))
    variant = record.segments[0].variants[0]
    assert record.memory == "artifact"
    assert variant.memory_bytes("artifact") == variant.artifact.size_bytes
    assert variant.memory_bytes("rss") is variant.memory_bytes("peak") is None


@given(
    name=st.text(st.characters(exclude_categories=["Cs"])),
    samples=st.lists(st.integers(0, 2**63 - 1), max_size=50),
)
def test_samples_and_names_survive_json_exactly(name: str, samples: list[int]) -> None:
    record = MeasurementRecord(
        name=name, clock="target", samples_ns=tuple(samples), stopped="precise"
    )
    text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
    assert MeasurementRecord.model_validate(json.loads(text)) == record


def test_record_of_a_newer_version_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = damaged(tmp_path, lambda c: c.update(schema_version=SCHEMA_VERSION + 1))
    with pytest.raises(WorkspaceError, match=r"schema version 3, .* up to 2 \(update") as refused:
        open_as(RunRecord, path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("version", [0, -1])
def test_record_of_a_version_that_never_was_is_refused(tmp_path: Path, version: int) -> None:
    with pytest.raises(WorkspaceError, match="is damaged"):
        open_as(RunRecord, damaged(tmp_path, lambda c: c.update(schema_version=version)))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda c: c["network"].pop("flops"), r"network\.flops: Field required"),
        (
            lambda c: c["measurements"][1]["samples_ns"].__setitem__("count", "soon"),
            r"measurements\.1\.samples_ns: ",
        ),
        (
            lambda c: c["segments"][1]["variants"][0]["artifact"].update(digest=7),
            r"segments\.1\.variants\.0\.artifact\.digest: ",
        ),
        (lambda c: c.update(surprise=1), r"surprise: Extra inputs"),
        (lambda c: c["measurements"][0].update(clock="sundial"), r"measurements\.0\.clock: "),
        (lambda c: c["telemetry"]["times_s"].pop(), r"telemetry: .*not one value for each time"),
        (lambda c: c["telemetry"]["times_s"].reverse(), r"telemetry: .*do not go forward"),
        (lambda c: c["telemetry"]["columns"]["load_1min"].__setitem__(0, math.inf), "telemetry"),
    ],
)
def test_damaged_record_is_refused_with_the_path_of_the_field(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], where: str
) -> None:
    with pytest.raises(WorkspaceError, match=f"is damaged: {where}"):
        open_as(RunRecord, damaged(tmp_path, change))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[]", "is not a record of a run"),
        ("{}", "is not a record of a run"),
        ('{"schema_version": 1, "kind": "workspace"}', "is not a record of a run"),
        ('{"schema_version": "1", "kind": "run"}', "is damaged: it has no schema version"),
    ],
)
def test_file_that_is_no_record_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=reason):
        open_as(RunRecord, path)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkspaceError, match="is not JSON"):
        open_as(RunRecord, path)


def test_record_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"cannot read the record .*No such file"):
        open_as(RunRecord, tmp_path / "record.json")
