"""Opening records: of every kind, and of every version that there was.

A record is a JSON object with ``kind`` and ``schema_version``. Older versions migrate forward, one
version at a time; newer ones are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.errors import NewerRecordError, WorkspaceError
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.records import RUN_MIGRATIONS, RunRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.core.training_records import TrainingRecord

AnyRecord: TypeAlias = (
    RunRecord
    | PipelinesRecord
    | LoadRecord
    | TrainingRecord
    | OptimisationRecord
    | ConversionRecord
    | SelectionRecord
    | ExportRecord
)

R = TypeVar("R", bound=AnyRecord)

Content = dict[str, Any]
Migration = Callable[[Content], Content]

_MODELS: Final[Mapping[str, type[AnyRecord]]] = {
    "run": RunRecord,
    "pipelines": PipelinesRecord,
    "load": LoadRecord,
    "training": TrainingRecord,
    "optimisation": OptimisationRecord,
    "conversion": ConversionRecord,
    "selection": SelectionRecord,
    "export": ExportRecord,
}
"""What is read of each kind; its newest version is the default of ``schema_version``."""

_MIGRATIONS: Final[Mapping[str, Mapping[int, Migration]]] = {"run": RUN_MIGRATIONS}
"""By kind, from version n to n + 1, by n: pure functions over the decoded JSON."""


def open_record(path: Path | str) -> AnyRecord:
    """Read a record of any kind, of this or an older schema version.

    Args:
        path: of its file, or of a run's directory.

    Raises:
        NewerRecordError: it is of a newer version.
        WorkspaceError: it cannot be read, is no record or damaged.
    """
    path = record_file(Path(path))
    content = _read_json(path)
    kind = content.get("kind") if isinstance(content, dict) else None
    if not isinstance(kind, str):
        raise WorkspaceError(f"{path} is no record", "name a run's directory, or a record in one")
    if kind not in _MODELS:
        raise WorkspaceError(
            f"{path} is of the unknown kind {kind!r}",
            f"known: {', '.join(_MODELS)}; a newer kenning-lego may know others",
        )
    return _migrated(kind, content, path)


def open_as(model: type[R], path: Path | str) -> R:
    """The same, of a record that is to be of one kind.

    Args:
        model: of the record.
        path: of its file, or of a run's directory.

    Raises:
        WorkspaceError: it is of another kind; or as in :func:`open_record`.
    """
    wanted = kind_of(model)
    path = record_file(Path(path), wanted)
    content = _read_json(path)
    if not isinstance(content, dict) or content.get("kind") != wanted:
        kind = KINDS[wanted]
        raise WorkspaceError(f"{path} is not a record of {kind.of}", f"name a {kind.file_name}")
    return cast(R, _migrated(wanted, content, path))


def kind_of(record: BaseModel | type[BaseModel]) -> str:
    """What a record of any kind, or its model, calls its kind."""
    model = record if isinstance(record, type) else type(record)
    return cast(str, model.model_fields["kind"].default)


def record_file(path: Path, kind: str | None = None) -> Path:
    """The record's file where a directory may stand for what is in it; it need not be there.

    Args:
        path: of a file, which is returned as it is, or of a directory.
        kind: of the record that is wanted; None for whichever there is.

    Raises:
        WorkspaceError: the directory holds no such record, or several.
    """
    if not path.is_dir():
        return path
    names = [KINDS[kind].file_name] if kind else [each.file_name for each in KINDS.values()]
    found = [path / name for name in names if (path / name).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise WorkspaceError(
            f"{path} holds several records", f"name one: {', '.join(each.name for each in found)}"
        )
    what = f"record of {KINDS[kind].of}" if kind else "record"
    raise WorkspaceError(f"{path} holds no {what}", f"name a directory with {' or '.join(names)}")


def _migrated(kind: str, content: Content, path: Path) -> AnyRecord:
    model, steps = _MODELS[kind], _MIGRATIONS.get(kind, {})
    newest = model.model_fields["schema_version"].default
    version = content.get("schema_version")
    if not isinstance(version, int) or version < 1:
        raise WorkspaceError(f"{path} is damaged: it has no schema version")
    if version > newest:
        raise NewerRecordError(
            f"{path} has schema version {version}, this kenning-lego reads up to {newest}",
            "update kenning-lego",
        )
    try:
        for each in range(version, newest):
            content = steps[each](content)
        return model.model_validate(content)
    except (KeyError, TypeError, ValidationError) as error:
        raise WorkspaceError(f"{path} is damaged: {_first_problem(error)}") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkspaceError(f"cannot read the record {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise WorkspaceError(
            f"{path} is not JSON: {error}", "name a run's directory, or a record in one"
        ) from error


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error)
