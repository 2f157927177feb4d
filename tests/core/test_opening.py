"""Records of every kind and of every version open; all else is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.columns import unpack_column
from kenning_lego.core.errors import NewerRecordError, WorkspaceError
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.opening import AnyRecord, kind_of, open_as, open_record, record_file
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.records import RunRecord
from kenning_lego.store.keeping import keep_record
from tests.core.record_strategies import records

FIXTURES = Path(__file__).parent / "fixtures"
FIRST = {kind: FIXTURES / f"{Path(each.file_name).stem}-v1.json" for kind, each in KINDS.items()}
MODELS: tuple[type[AnyRecord], ...] = get_args(AnyRecord)


def content_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def saved(directory: Path, content: object, name: str = "record.json") -> Path:
    path = directory / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_record_of_the_first_version_of_every_kind_opens_and_keeps_what_it_held(kind: str) -> None:
    record = open_record(FIRST[kind])
    assert kind_of(record) == kind
    assert record.schema_version == type(record).model_fields["schema_version"].default
    was = content_of(FIRST[kind])
    assert was.pop("schema_version") == 1
    assert holds(json.loads(json.dumps(record.model_dump(mode="python"))), unpacked(was))


def unpacked(value: Any) -> Any:
    """Columns as they are when they have been read."""
    if isinstance(value, dict) and "int64_planes_zlib" in value:
        return list(unpack_column(value))
    if isinstance(value, dict):
        return {key: unpacked(each) for key, each in value.items()}
    return [unpacked(each) for each in value] if isinstance(value, list) else value


def holds(after: object, before: object) -> bool:
    """Whether all that was there before is there after, beside what was added."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and holds(after[key], value) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(holds, after, before))
    return before == after


def test_every_kind_has_a_model_and_a_file_name_of_its_own() -> None:
    assert {kind_of(model) for model in MODELS} == set(KINDS)
    assert len({each.file_name for each in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("model", MODELS, ids=kind_of)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_valid_record_comes_back_from_its_file(
    model: type[AnyRecord], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    record = data.draw(records(model))
    directory = tmp_path_factory.mktemp("run")
    keep_record(record, directory)
    assert open_record(directory) == record


def test_fields_of_load_tests_that_came_later_have_defaults() -> None:
    record = open_as(LoadRecord, FIRST["load"])
    assert (record.network, record.configuration, record.results[0].begin_ns) == ("", "", 0)


def test_directory_of_a_run_stands_for_its_record(tmp_path: Path) -> None:
    saved(tmp_path, content_of(FIRST["training"]), "training.json")
    (tmp_path / "labels.json").write_text("{}")
    assert open_record(tmp_path) == open_record(FIRST["training"])
    assert record_file(tmp_path) == tmp_path / "training.json"


def test_directory_without_a_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"holds no record \(name a directory with record"):
        open_record(tmp_path)
    with pytest.raises(WorkspaceError, match=r"no record of a run \(name a directory with record"):
        open_as(RunRecord, tmp_path)


def test_directory_with_several_records_is_refused_unless_the_kind_is_said(tmp_path: Path) -> None:
    saved(tmp_path, content_of(FIRST["run"]))
    saved(tmp_path, content_of(FIRST["load"]), "load.json")
    with pytest.raises(WorkspaceError, match=r"several records \(name one: record.json, load.json"):
        open_record(tmp_path)
    assert isinstance(open_as(LoadRecord, tmp_path), LoadRecord)


@pytest.mark.parametrize("kind", KINDS)
def test_record_of_a_newer_version_is_refused_with_the_remedy(kind: str, tmp_path: Path) -> None:
    path = saved(tmp_path, {**content_of(FIRST[kind]), "schema_version": 99})
    with pytest.raises(NewerRecordError, match=r"version 99, .* up to \d \(update kenning-lego"):
        open_record(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [0, -1, "1", None, 1.0])
def test_version_that_never_was_is_damage(kind: str, version: object, tmp_path: Path) -> None:
    path = saved(tmp_path, {**content_of(FIRST[kind]), "schema_version": version})
    with pytest.raises(WorkspaceError, match="is damaged: it has no schema version"):
        open_record(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is no record"),
        ("{}", "is no record"),
        ('{"kind": 3}', "is no record"),
        ('{"kind": "tea"}', r"unknown kind 'tea' \(known: run, .* newer kenning-lego"),
        ('{"kind": "run", "schema_version": 1}', "is damaged: id: Field required"),
        ('{"kind": "load", "schema_version": 1, "results": 3}', "is damaged"),
    ],
)
def test_what_is_no_record_is_refused_with_what_it_is(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(WorkspaceError, match=said):
        open_record(path)


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"cannot read the record .*No such file"):
        open_record(tmp_path / "none.json")
