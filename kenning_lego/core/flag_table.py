"""Every field of a component's pydantic model as a flag of the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kenning_lego.core.parameters import alternatives, is_model

Shape = Literal["value", "switch", "list", "components", "mapping"]

_KINDS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}
_ANY = "VALUE"


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag.

    Args:
        path: of the field: those of nested components have several parts.
        meaning: the field's docstring.
        shape: how many values it takes, and of which form.
        metavar: what stands for its value: its choices, or its kind.
        default: as text; empty for none.
        required: whether there is none.
    """

    path: tuple[str, ...]
    meaning: str
    shape: Shape
    metavar: str
    default: str = ""
    required: bool = False

    @property
    def key(self) -> str:
        """The flag without its dashes."""
        # A field that would hide a method of the model, such as json, ends in an underscore.
        return ".".join(part.rstrip("_").replace("_", "-") for part in self.path)

    @property
    def name(self) -> str:
        """As it is written."""
        return f"--{self.key}"

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that there are, if they can be listed."""
        if self.shape not in ("value", "list"):
            return ()
        kinds = {*_KINDS.values(), _ANY}
        return tuple(each for each in self.metavar.split("|") if each not in kinds)

    @property
    def takes_path(self) -> bool:
        """Whether it names a file or directory."""
        return "PATH" in self.metavar.split("|")


def flags_of(
    model: type[BaseModel], others: Mapping[str, type[BaseModel]] | None = None
) -> tuple[Flag, ...]:
    """The flags of a component, in the model's order, one a path.

    Args:
        model: of the component.
        others: further alternatives of its nested components, by the field that they are for.
    """
    merged: dict[tuple[str, ...], Flag] = {}
    further = (_flags_of(each, (name,)) for name, each in (others or {}).items())
    for flag in chain(_flags_of(model, ()), *further):
        earlier = merged.get(flag.path)
        if earlier is None:
            merged[flag.path] = flag
        else:  # alternatives of a union may share fields, such as `type`
            metavar = "|".join(dict.fromkeys(f"{earlier.metavar}|{flag.metavar}".split("|")))
            merged[flag.path] = replace(earlier, metavar=metavar)
    return tuple(merged.values())


def _flags_of(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Flag]:
    for name, field in model.model_fields.items():
        path = (*prefix, field.alias or name)
        models = [each for each in alternatives(field.annotation) if is_model(each)]
        if models:
            for each in models:
                yield from _flags_of(each, path)
        else:
            yield _flag(path, field)


def _flag(path: tuple[str, ...], field: FieldInfo) -> Flag:
    admitted = alternatives(field.annotation)
    required = field.is_required()
    default = "" if required else _shown(field.get_default(call_default_factory=True))
    shape, metavar = _shape(admitted)
    meaning = (field.description or "").strip()
    return Flag(path, meaning, shape, metavar, default, required and len(path) == 1)


def _shape(admitted: list[Any]) -> tuple[Shape, str]:
    for each in admitted:
        if get_origin(each) in (tuple, list):
            inner = get_args(each)[0]
            if is_model(inner):
                return "components", ",".join(f"{key}=…" for key in inner.model_fields)
            return "list", _metavar(inner)
    if any(get_origin(each) is Mapping for each in admitted):
        return "mapping", "KEY=VALUE"
    if bool in admitted:
        return "switch", ""
    return "value", "|".join(dict.fromkeys(map(_metavar, admitted)))


def _shown(default: object) -> str:
    if default in (None, (), False) or isinstance(default, BaseModel | Mapping):
        return ""
    if default is True:
        return "on"
    if isinstance(default, tuple):
        return " ".join(filter(None, map(_shown, default)))
    return str(default)


def _metavar(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    return _KINDS.get(annotation, _ANY)
