"""JSON schemas of scenarios, with which editors check and complete YAML files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OWN = "urn:kenning-lego:schema:"


def schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """The schema of a configuration, JSON Schema 2020-12.

    Args:
        model: the configuration.
        name: of the verb or component.
    """
    schema = model.model_json_schema()
    for component in _told_by_type(schema):
        # Alternatives must say which they are: the default alone would fit all of them.
        component["required"] = sorted({*component.get("required", ()), "type"})
    return {"$schema": _DIALECT, "$id": f"{_OWN}{name}", **schema, "title": f"kenning-lego {name}"}


def as_text(schema: dict[str, Any]) -> str:
    """The schema as a file's content."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def is_ours(text: str) -> bool:
    """Whether a file's content is a schema that was written here."""
    try:
        content = json.loads(text)
    except ValueError:
        return False
    return isinstance(content, dict) and str(content.get("$id", "")).startswith(_OWN)


def _told_by_type(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The definitions that stand behind a discriminator."""
    definitions = schema.get("$defs", {})
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            mapping = node.get("discriminator", {})
            if isinstance(mapping, dict):
                for reference in mapping.get("mapping", {}).values():
                    yield definitions[reference.rpartition("/")[2]]
            pending += node.values()
        elif isinstance(node, list):
            pending += node
