"""Components and verbs as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from kenning_lego.core.parameters import Parameter, parameters_of, type_name
from kenning_lego.scenarios.describing.components import Listed

_WIDEST = 110
_NARROWEST = 60


def listing(found: Mapping[str, Sequence[Listed]], width: int) -> str:
    """One line a component, by kind.

    Args:
        found: the components of each kind.
        width: of the terminal.
    """
    lines = []
    room = max(_NARROWEST, min(width, _WIDEST))
    for kind, components in found.items():
        lines.append(f"{kind} ({components[0].where})" if components else f"{kind}: none")
        longest = max((len(each.name) for each in components), default=0)
        for each in components:
            head = f"  {each.name:<{longest}}  "
            status = f" [{each.version}]" if each.version else ""
            summary = textwrap.shorten(each.summary, room - len(head + status), placeholder="…")
            lines.append(f"{head}{summary}{status}")
        # One line for all that lack the same.
        lacking = {each.status: None for each in components if each.missing}
        for status in lacking:
            names = ", ".join(each.name for each in components if each.status == status)
            shown = "all of them" if len(components) == names.count(",") + 1 else names
            lines.append(f"  not here: {shown}: {status}")
    return "\n".join(lines)


def component(listed: Listed, width: int) -> str:
    """All of a component."""
    title = f"{listed.kind} {listed.name}"
    lines = [f"{title} [{listed.status}]" if listed.status else title]
    lines += _wrapped(listed.summary, width, "  ")
    lines.append(f"  in a scenario: {listed.where}: {listed.name}")
    lines += [
        line for each in listed.parameters for line in _parameter(each, each.name, width, "    ")
    ]
    for each in listed.arguments:
        default = "required" if each.default is None else f"[{each.default}]"
        lines.append(f"    {each.name} {default}")
        lines += _wrapped(each.meaning, width, "        ")
    return "\n".join(lines)


def verb(name: str, purpose: str, command: str, model: type[BaseModel] | None, width: int) -> str:
    """A verb with all of its parameters.

    Args:
        name: of the verb.
        purpose: of it.
        command: that takes the parameters.
        model: its configuration; None for actions with parameters of their own.
        width: of the terminal.
    """
    lines = [f"verb {name}", *_wrapped(purpose, width, "  ")]
    if model is None:
        lines.append(f"  kenning-lego {command} --help lists its actions and their parameters")
        return "\n".join(lines)
    lines.append(f"  kenning-lego {command}")
    for path, parameter in tree(model):
        lines += _parameter(parameter, path, width, "    ")
    return "\n".join(lines)


def tree(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Parameter]]:
    """Every parameter by its dotted name; of alternatives told by type, the type alone."""
    for each in parameters_of(model):
        path = f"{before}{each.name}"
        yield path, each
        if len(each.models) == 1 and not each.many:
            yield from tree(each.models[0], f"{path}.")


def to_json(path: str, parameter: Parameter) -> dict[str, Any]:
    """A parameter for programs."""
    return {
        "name": path,
        "meaning": parameter.meaning,
        "kind": parameter.kind,
        "required": parameter.required,
        "default": _default(parameter),
        "choices": list(_choices(parameter)),
        "bounds": list(parameter.bounds),
        "unit": parameter.unit or None,
    }


def _default(parameter: Parameter) -> str | None:
    value = parameter.default
    if value is None or isinstance(value, BaseModel):
        return type_name(type(value)) if isinstance(value, BaseModel) else None
    if isinstance(value, tuple):
        return " ".join(map(_brief, value))
    return _brief(value)


def _brief(value: object) -> str:
    if isinstance(value, BaseModel):
        given = value.model_dump(mode="json", exclude_defaults=True)
        return ",".join(f"{key}={each}" for key, each in given.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(parameter: Parameter) -> Sequence[str]:
    types = [name for each in parameter.models if (name := type_name(each))]
    return types or parameter.choices


def _parameter(parameter: Parameter, path: str, width: int, margin: str) -> list[str]:
    default = _default(parameter)
    facts = [
        parameter.kind if not _choices(parameter) else " | ".join(_choices(parameter)),
        parameter.unit,
        " and ".join(parameter.bounds),
        "required" if parameter.required else "",
    ]
    shown = f" [{default}]" if default else ""
    head = f"{path}{shown}  ({'; '.join(filter(None, facts))})"
    lines = textwrap.wrap(
        head, max(width, _NARROWEST), initial_indent=margin, subsequent_indent=margin + "  "
    )
    return [*lines, *_wrapped(parameter.meaning, width, f"{margin}    ")]


def _wrapped(text: str, width: int, margin: str) -> list[str]:
    room = max(_NARROWEST, min(width, _WIDEST))
    return textwrap.wrap(text, room, initial_indent=margin, subsequent_indent=margin)
