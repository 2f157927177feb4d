"""A page for each kind of record: the fields of its pydantic models, with their docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

import kenning_lego
from tools.documentation.markdown import from_docstring, page, table

DIRECTORY = "reference/records"
_CORE = Path(kenning_lego.__file__).parent / "core"
_NAMES = {"records": "Run records", "run_headers": "Headers of records"}


@dataclass(frozen=True, slots=True)
class Written:
    """A field as the source has it.

    Args:
        kind: its annotation, with `or` for bars.
        meaning: its docstring.
    """

    kind: str
    meaning: str


def modules() -> list[str]:
    """The modules of ``kenning_lego.core`` that define records, by name; runs first."""
    names = [each.stem for each in _CORE.glob("*records*.py")]
    found = [each for each in ["run_headers", *sorted(names)] if models(each)]
    return sorted(found, key=lambda each: each != "records")


def models(module: str) -> list[type[BaseModel]]:
    """The records that a module of ``kenning_lego.core`` defines, the whole ones last to first."""
    found = vars(importlib.import_module(f"kenning_lego.core.{module}")).values()
    ours = [
        each
        for each in found
        if inspect.isclass(each)
        and issubclass(each, BaseModel)
        and each.__module__ == f"kenning_lego.core.{module}"
        and each.model_fields
    ]
    return ours[::-1]


def pages() -> Iterator[tuple[str, str]]:
    """Path in the documentation and content of each page."""
    where = {model.__name__: name for name in modules() for model in models(name)}
    yield f"{DIRECTORY}/index.md", _index()
    for name in modules():
        yield f"{DIRECTORY}/{name}.md", _module_page(name, where)


def navigation() -> list[str | dict[str, str]]:
    """The pages, runs first."""
    return [
        f"{DIRECTORY}/index.md",
        *({_title(name): f"{DIRECTORY}/{name}.md"} for name in modules()),
    ]


def _index() -> str:
    rows = [f"* [{_title(name)}]({name}.md): {_purpose(name)}" for name in modules()]
    return page(
        "Records",
        "What a verb has measured or made is kept as one JSON file in the run's directory of the "
        "workspace. Records say of which schema version they are; older ones are read for ever, "
        "and newer ones refused. Units are in the fields' names. What was not measured is null or "
        "absent, never zero.",
        "\n".join(rows),
    )


def _module_page(name: str, where: Mapping[str, str]) -> str:
    written = _written(name)
    parts = []
    for model in models(name):
        parts += [f"## {model.__name__}", from_docstring(inspect.getdoc(model) or "")]
        base = model.__bases__[0].__name__
        if base in where:
            parts.append(f"It has the fields of {_linked(base, where)}, and:")
        rows = [
            _row(model, field, told, where)
            for field, told in written[model.__name__].items()
            if field in model.model_fields
        ]
        if rows:
            parts.append(table(("field", "type", "default", "meaning"), rows))
    return page(_title(name), _purpose(name), *parts)


def _row(
    model: type[BaseModel], name: str, written: Written, where: Mapping[str, str]
) -> tuple[str, ...]:
    field = model.model_fields[name]
    kind = written.kind
    if get_origin(field.annotation) is Literal:  # perhaps behind a name that says less
        kind = " or ".join(map(json.dumps, get_args(field.annotation)))
    default = "required"
    if not field.is_required():
        value = field.get_default(call_default_factory=True)
        default = f"`{json.dumps(value, default=lambda other: other.model_dump(mode='json'))}`"
    meaning = written.meaning or _meaning_of_type(kind, where)
    return f"`{name}`", _linked(kind, where), default, from_docstring(meaning)


def _meaning_of_type(kind: str, where: Mapping[str, str]) -> str:
    """What a field is that holds records and says no more."""
    names = [each for each in re.findall(r"\w+", kind) if each in where]
    if len(names) != 1:
        return ""
    module = importlib.import_module(f"kenning_lego.core.{where[names[0]]}")
    return (inspect.getdoc(getattr(module, names[0])) or "").partition("\n\n")[0]


def _linked(kind: str, where: Mapping[str, str]) -> str:
    """A type in code, in which the names of records are links."""
    kind = re.sub(r"\bNone\b", "null", kind)
    pieces = groupby(re.split(r"(\w+)", kind), key=where.__contains__)
    return "".join(
        "".join(f"[`{each}`]({where[each]}.md#{each.lower()})" for each in words)
        if known
        else f"`{code}`"
        for known, words in pieces
        if (code := "" if known else "".join(words)) or known
    )


def _written(name: str) -> dict[str, dict[str, Written]]:
    """The fields of each class of a module, in the order of the source."""
    tree = ast.parse((_CORE / f"{name}.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name: dict(_fields(node)) for node in classes}


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, Written]]:
    for statement, after in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            kind = ast.unparse(statement.annotation).replace(" | ", " or ")
            yield statement.target.id, Written(kind, _docstring(after))


def _docstring(node: ast.stmt) -> str:
    """The text of a statement that is only a string: what the field before it means."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return inspect.cleandoc(str(node.value.value))
    return ""


def _purpose(name: str) -> str:
    text = inspect.getdoc(importlib.import_module(f"kenning_lego.core.{name}")) or ""
    return " ".join(from_docstring(text.partition("\n\n")[0]).split())


def _title(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " ").capitalize())
