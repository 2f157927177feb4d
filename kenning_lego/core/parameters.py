"""What the parameters of a configuration are, read from its pydantic model."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

_UNITS = {
    "_ms": "ms",
    "_s": "s",
    "_seconds": "s",
    "_mb": "10^6 bytes",
    "_bytes": "bytes",
    "_mj": "mJ",
    "_c": "degrees Celsius",
    "_fps": "frames/s",
    "_interval": "s",
}
"""By the end of a parameter's name."""

_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path"}

_BOUNDS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a component.

    Args:
        name: as in YAML.
        field: the model's attribute.
        meaning: the attribute's docstring.
        kind: of the value, in words.
        required: whether there is no default.
        default: if it is not required.
        choices: all values that there are; empty if they cannot be listed.
        bounds: such as ``> 0``.
        unit: of a number; empty for none.
        models: of a nested component; several are told apart by their ``type``.
        many: whether it is a list of such components.
    """

    name: str
    field: str
    meaning: str
    kind: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    bounds: tuple[str, ...]
    unit: str
    models: tuple[type[BaseModel], ...]
    many: bool


def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The parameters of a component, in the model's order."""
    return tuple(_parameter(name, field) for name, field in model.model_fields.items())


def alternatives(annotation: Any) -> list[Any]:
    """The types that an annotation admits, without None and without Annotated's extras."""
    if get_origin(annotation) in (Union, types.UnionType):
        members = [alternatives(each) for each in get_args(annotation)]
        return [each for member in members for each in member if each is not type(None)]
    if hasattr(annotation, "__metadata__"):
        return alternatives(annotation.__origin__)
    return [annotation]


def is_model(annotation: Any) -> bool:
    """Whether it is a component."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def type_name(model: type[BaseModel]) -> str | None:
    """The short name by which a component is told from its alternatives, if it has one."""
    field = model.model_fields.get("type")
    return None if field is None else str(field.default)


def _parameter(name: str, field: FieldInfo) -> Parameter:
    admitted = alternatives(field.annotation)
    inner = [each for found in admitted for each in _elements(found)]
    nested = [each for each in admitted if is_model(each)]
    listed = [each for each in inner if is_model(each)]
    shown = field.alias or name
    return Parameter(
        shown,
        name,
        (field.description or "").strip(),
        " or ".join(dict.fromkeys(map(_word, admitted))),
        field.is_required(),
        None if field.is_required() else field.get_default(call_default_factory=True),
        tuple(str(value) for each in [*admitted, *inner] for value in _literals(each)),
        tuple(_bounds(field)),
        next((unit for end, unit in _UNITS.items() if f"_{shown}".endswith(end)), ""),
        tuple(nested or listed),
        bool(listed) and not nested,
    )


def _elements(annotation: Any) -> list[Any]:
    if get_origin(annotation) not in (tuple, list):
        return []
    first, *_ = get_args(annotation)
    return alternatives(first)


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _word(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (tuple, list):
        arguments = get_args(annotation)
        count = "" if Ellipsis in arguments or origin is list else f"{len(arguments)} "
        inner = " or ".join(dict.fromkeys(map(_word, alternatives(arguments[0]))))
        return f"list of {count}{_plural(inner)}"
    if origin is Literal:
        return _word(type(get_args(annotation)[0]))
    if is_model(annotation):
        return type_name(annotation) or "parameters"
    if annotation is dict or origin in (dict, Mapping):
        return "mapping"
    return _WORDS.get(annotation, "value")


def _plural(word: str) -> str:
    return word if word in ("text", "parameters") or " or " in word else f"{word}s"


def _bounds(field: FieldInfo) -> Iterator[str]:
    for each in field.metadata:
        for name, sign in _BOUNDS.items():
            if (limit := getattr(each, name, None)) is not None:
                yield f"{sign} {limit:g}"
