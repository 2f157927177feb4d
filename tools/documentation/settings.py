"""The settings of a configuration as its flags, read from the pydantic model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from kenning_lego.core.parameters import Parameter, parameters_of, type_name
from kenning_lego.scenarios.describing.text import to_json
from tools.documentation.markdown import definition, from_docstring


@dataclass(frozen=True, slots=True)
class Setting:
    """A parameter where it stands in a configuration.

    Args:
        path: dotted name in YAML.
        parameter: of the model.
        of: the alternative that it belongs to, such as ``cifar10``; empty for all of them.
    """

    path: str
    parameter: Parameter
    of: str = ""

    @property
    def flag(self) -> str:
        """As on the command line."""
        return flag_of(self.path)

    @property
    def group(self) -> str:
        """The first part of its path; empty for a setting at the top."""
        head, separator, _ = self.path.partition(".")
        return head if separator else ""


def flag_of(path: str) -> str:
    """The flag that sets what has this dotted name in YAML."""
    return "--" + ".".join(part.rstrip("_").replace("_", "-") for part in path.split("."))


def settings_of(model: type[BaseModel], before: str = "", of: str = "") -> Iterator[Setting]:
    """Every setting that has a flag, those of alternatives too, in the model's order."""
    for each in parameters_of(model):
        path = f"{before}{each.name}"
        if not each.models or each.many:
            yield Setting(path, each, of)
        elif len(each.models) == 1:
            yield from settings_of(each.models[0], f"{path}.", of)
        else:
            yield from _alternatives(each, path)


def described(name: str, parameter: Parameter) -> str:
    """An entry of a definition list for a parameter.

    Args:
        name: to show, as in YAML or as a flag.
        parameter: to describe.
    """
    entry = definition(name, f"*{facts_of(parameter)}*", from_docstring(parameter.meaning))
    if not parameter.many:
        return entry
    keys = "".join(
        f"    * `{each.name}` *{facts_of(each)}*: {from_docstring(each.meaning)}\n"
        for each in parameters_of(parameter.models[0])
    )
    return f"{entry}\n    Each is `KEY=VALUE,KEY=VALUE` of:\n\n{keys}\n"


def facts_of(parameter: Parameter) -> str:
    """Kind of the value, choices, bounds, unit and default on one line."""
    told = to_json(parameter.name, parameter)
    kind = " | ".join(told["choices"]) or str(told["kind"])
    facts = [kind, *told["bounds"], told["unit"] or "", "required" if told["required"] else ""]
    if told["default"] not in (None, "", "{}"):
        facts.append(f"default {_anywhere(told['default'])}")
    return ", ".join(filter(None, facts)).replace("*", "\\*")


def _alternatives(parameter: Parameter, path: str) -> Iterator[Setting]:
    """The type itself, then what each type takes."""
    names = tuple(name for each in parameter.models if (name := type_name(each)))
    default = parameter.default
    usual = type_name(type(default)) if isinstance(default, BaseModel) else None
    told = replace(parameter, name="type", kind="text", default=usual, choices=names, models=())
    yield Setting(f"{path}.type", told)
    for model in parameter.models:
        for each in settings_of(model, f"{path}.", type_name(model) or ""):
            if each.path != f"{path}.type":
                yield each


def _anywhere(default: str) -> str:
    """A default without the home directory of whoever builds the site."""
    return default.replace(str(Path.home()), "~")
