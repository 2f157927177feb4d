"""A configuration as YAML in which every parameter is explained."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from kenning_lego.core.parameters import Parameter, parameters_of, type_name

_WIDTH = 90
_INDENT = "  "


def commented_yaml(config: BaseModel, only: Collection[str] = ()) -> str:
    """YAML that reads as that configuration.

    What has no value, and so no default, stands there as a comment.

    Args:
        config: to write.
        only: dotted names of the parameters to write; the others must have their defaults. Empty
            writes all.
    """
    blocks = list(_blocks(config, only, (), 0))
    return "\n".join("\n".join(each) + "\n" for each in blocks)


def _blocks(
    config: BaseModel,
    only: Collection[str],
    before: tuple[str, ...],
    depth: int,
    others: Sequence[str] = (),
) -> Iterator[list[str]]:
    """The lines of each parameter; `others` are the types that it could be instead."""
    parameters = parameters_of(type(config))
    # The type first: it says what the others belong to.
    for parameter in sorted(parameters, key=lambda each: each.name != "type"):
        path = (*before, parameter.name)
        value = getattr(config, parameter.field)
        if isinstance(value, BaseModel):
            types = [name for each in parameter.models if (name := type_name(each))]
            nested = _blocks(value, only, path, depth + 1, types)
            if inner := [line for each in nested for line in each]:
                idle = all(line.lstrip().startswith("#") for line in inner)
                key = f"{_INDENT * depth}{'# ' if idle else ''}{parameter.name}:"
                yield [*remarks(parameter.meaning, depth), key, *inner]
        elif not only or ".".join(path) in only:
            if parameter.name == "type" and others:
                remark = f"One of {', '.join(others)}; `kenning-lego info NAME` says more."
                yield [*remarks(remark, depth), f"{_INDENT * depth}type: {value}"]
            else:
                yield _lines(parameter, value, depth)


def _lines(parameter: Parameter, value: object, depth: int) -> list[str]:
    facts = _facts(parameter)
    meaning = f"{parameter.meaning} [{facts}]" if facts else parameter.meaning
    margin = _INDENT * depth
    if value is None:
        entry = [f"{margin}# {parameter.name}: null"]
    elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        entry = [f"{margin}{parameter.name}:", *(f"{margin}  - {_flow(each)}" for each in value)]
    else:
        entry = [f"{margin}{parameter.name}: {_flow(value)}"]
    return [*remarks(meaning, depth), *entry]


def _facts(parameter: Parameter) -> str:
    """What its meaning does not say."""
    choices = ", ".join(parameter.choices)
    keys = ""
    if parameter.many and len(parameter.models) == 1:
        names = (each.name for each in parameters_of(parameter.models[0]))
        keys = f"a list; of each: {', '.join(names)}"
    bounds = " and ".join(parameter.bounds)
    return "; ".join(filter(None, (keys, choices, bounds, parameter.unit)))


def remarks(text: str, depth: int = 0) -> Sequence[str]:
    """Lines of comment; line breaks in the text are spaces there.

    Args:
        text: to say.
        depth: of the mapping that they stand in.
    """
    margin = f"{_INDENT * depth}# "
    return textwrap.wrap(text, _WIDTH, initial_indent=margin, subsequent_indent=margin)


def _flow(value: object) -> str:
    """A value on one line of YAML."""
    import yaml

    plain = _plain(value)
    text = yaml.safe_dump([plain], default_flow_style=True, width=10**6, sort_keys=False)
    return str(text).strip()[1:-1]


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        kind = type_name(type(value))
        given = value.model_dump(mode="json", exclude_defaults=True, by_alias=True)
        return {"type": kind, **given} if kind else given
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value if isinstance(value, (bool, int, float)) else str(value)
