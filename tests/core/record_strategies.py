"""Any valid record, made from the fields of the models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timezone
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from kenning_lego.core.columns import Column
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import FramesRecord, PipelineRecord
from kenning_lego.core.records import AccuracyRecord, ClassificationRecord, FrontRecord
from kenning_lego.core.run_headers import TelemetryRecord
from kenning_lego.core.training_records import TrainingRecord

M = TypeVar("M", bound=BaseModel)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NS = st.integers(0, 2**40)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
_MOMENTS = st.datetimes(timezones=st.just(timezone.utc)).map(
    lambda moment: moment.replace(microsecond=0).isoformat()
)


def records(model: type[M]) -> st.SearchStrategy[M]:
    """Any valid record of a model; what its validators refuse is not tried."""
    return _content(model).map(_made(model)).filter(bool)


def _made(model: type[M]) -> Any:
    def make(content: Mapping[str, Any]) -> M | None:
        try:
            return model.model_validate(content)
        except ValidationError:
            return None

    return make


def _content(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: _field(name, field) for name, field in model.model_fields.items()}
    needed = {name: each for name, each in fields.items() if model.model_fields[name].is_required()}
    optional = {name: each for name, each in fields.items() if name not in needed}
    made = st.fixed_dictionaries(needed, optional=optional)
    return made.flatmap(_MENDED[model]) if model in _MENDED else made


def _field(name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    if name == "created":
        return _MOMENTS
    least = next((each for each in field.metadata if isinstance(each, (Ge, Gt))), None)
    if field.annotation is int and least is not None:
        return st.integers(getattr(least, "ge", 1), 10**6)
    if field.annotation == get_args(Column)[0] and field.metadata:
        return st.lists(_NS, max_size=4).map(tuple)
    return _of(field.annotation)


def _of(annotation: Any) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-(2**40), 2**40),
        float: _FLOATS,
        str: TEXT,
        bool: st.booleans(),
        NoneType: st.none(),
        Any: _JSON,
    }
    if annotation in plain:
        return plain[annotation]
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of(*map(_of, inner))
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        return st.lists(_of(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_of, inner))
    if origin is dict:
        return st.dictionaries(_of(inner[0]), _of(inner[1]), max_size=2)
    return st.deferred(lambda: _content(annotation))


def _telemetry(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.none() | _FLOATS
    return st.integers(0, 3).flatmap(
        lambda count: st.fixed_dictionaries(
            {
                "times_s": st.lists(_FLOATS, min_size=count, max_size=count).map(sorted),
                "columns": st.dictionaries(
                    TEXT, st.lists(values, min_size=count, max_size=count), max_size=2
                ),
            }
        ).map(lambda columns: {**content, **columns})
    )


def _frames(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    def of(count: int) -> st.SearchStrategy[dict[str, Any]]:
        column = st.lists(_NS, min_size=count, max_size=count)
        return st.fixed_dictionaries(
            {
                "number": st.just(list(range(count))),
                "begin_ns": column.map(sorted),
                "duration_ns": column,
                "configuration": st.just([0] * count),
                "correct": st.just([]) | st.just([1] * count),
            }
        )

    return st.integers(0, 3).flatmap(of)


def _pipeline(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    # A frame names the first configuration: without any there is no frame.
    without = {name: value for name, value in content.items() if name != "frames"}
    return st.just(content if content["configurations"] else without)


def _classification(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    count = len(content["classes"])
    shares = st.lists(st.none() | _FLOATS, min_size=count, max_size=count)
    cells = st.tuples(st.integers(0, max(0, count - 1)), st.integers(0, max(0, count - 1)), _NS)
    return st.fixed_dictionaries(
        {
            "samples": st.lists(_NS, min_size=count, max_size=count),
            "precision": shares,
            "sensitivity": shares,
            "confusion": st.lists(cells, max_size=2 if count else 0),
        }
    ).map(lambda fitting: {**content, **fitting})


def _front(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    rows = st.lists(st.tuples(_NS, _NS, _NS), max_size=3)
    return rows.map(
        lambda rows: {
            **content,
            "costs": [cost for cost, _, _ in rows],
            "latencies_ps": [latency for _, latency, _ in rows],
            "memory_bytes": [memory for _, _, memory in rows],
        }
    )


def _accuracy(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    law = st.fixed_dictionaries(
        {"unit": st.none() | st.floats(1e-6, 1), "power": st.just(0.0) | st.floats(0.1, 1)}
    )
    return law.map(lambda law: {**content, **law})


def _training(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    epoch = {"loss": 1.0, "validation_score": 0.5, "learning_rate": 0.1, "seconds": 1.0}
    epochs = content["epochs"] or [{**epoch, "ended": "2026-01-01T00:00:00+00:00"}]
    return st.integers(1, len(epochs)).map(
        lambda best: {**content, "epochs": epochs, "best_epoch": best}
    )


def _search(content: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    named = {each["name"]: each for each in content["candidates"]}
    return st.sampled_from([None, *named]).map(
        lambda best: {**content, "candidates": list(named.values()), "best": best}
    )


_MENDED: Mapping[type[BaseModel], Any] = {
    TelemetryRecord: _telemetry,
    FramesRecord: _frames,
    PipelineRecord: _pipeline,
    ClassificationRecord: _classification,
    FrontRecord: _front,
    AccuracyRecord: _accuracy,
    TrainingRecord: _training,
    OptimisationRecord: _search,
}
"""What makes the parts of a record fit together, as its validators ask for."""
