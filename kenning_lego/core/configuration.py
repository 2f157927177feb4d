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


def explain(error: ValidationError, where: str) -> ConfigurationError:
    """Turn the first finding of a validation into one line that says what, where and what to do."""
    findings = error.errors(include_url=False)
    first: Any = findings[0]
    location = ".".join(str(part) for part in first["loc"]) or "the whole"
    more = f"; {len(findings) - 1} more after it" if len(findings) > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            problem = f"{where}: unknown key {location!r}"
            remedy = f"--help lists the keys{more}"
        case "missing":
            problem = f"{where}: {location!r} is missing"
            remedy = f"--help says what it means{more}"
        case _:
            problem = f"{where}: {location!r}: {first['msg']}, got {first['input']!r}"
            remedy = f"correct it{more}"
    return ConfigurationError(problem, remedy)
