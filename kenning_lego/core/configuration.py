"""One description of a parameter: a pydantic model is flags, YAML, arguments and schema at once."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kenning_lego.core.errors import ConfigurationError


class Component(BaseModel):
    """Base of every component's configuration: frozen, and strict about names.

    Field docstrings are the help texts. Names are snake_case here and in YAML,
    kebab-case as flags.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def changed(component: Component, *names: str) -> list[str]:
    """Those of these fields that have another value than their default."""
    fields = type(component).model_fields
    return [
        name
        for name in names
        if getattr(component, name) != fields[name].get_default(call_default_factory=True)
    ]


def explain(error: ValidationError, where: str) -> ConfigurationError:
    """Turn the first finding of a validation into one line that says what, where and what to do.

    Args:
        error: what pydantic found.
        where: the file, command or flag that the value came from.
    """
    findings = error.errors(include_url=False)
    first: Any = findings[0]
    location = ".".join(str(part) for part in first["loc"])
    named = where.removeprefix("--").replace("-", "_") == location or not location
    place = where if named else f"{where}: {location!r}"
    more = f"; {len(findings) - 1} more after it" if len(findings) > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            return ConfigurationError(
                f"{where}: unknown key {location!r}", f"--help lists the keys{more}"
            )
        case "missing":
            return ConfigurationError(f"{place} is missing", f"--help says what it means{more}")
        case "union_tag_not_found":
            return ConfigurationError(
                f"{place} does not say of which 'type' it is", f"--help lists the types{more}"
            )
        case "union_tag_invalid":
            found, known = first["ctx"]["tag"], first["ctx"]["expected_tags"]
            return ConfigurationError(
                f"{place}: there is no type {found!r}", f"known: {known}{more}"
            )
        case "value_error":
            problem = first["msg"].removeprefix("Value error, ")
            return ConfigurationError(f"{place}: {problem}", more.removeprefix("; "))
        case _:
            problem = f"{place}: {first['msg']}, got {first['input']!r}"
            return ConfigurationError(problem, more.removeprefix("; "))
