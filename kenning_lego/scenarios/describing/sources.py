"""What callables of ours say of themselves, read from their source: nothing heavy is imported."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import kenning_lego

_ROOT = Path(kenning_lego.__file__).parents[1]
_MARKUP = re.compile(r":\w+:`[~.]?([^`]*)`|``?([^`]*)``?")
_ARGUMENT = re.compile(r"^    (\w+): (.*)$")


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a callable.

    Args:
        name: of it.
        meaning: from the docstring.
        default: as the source has it; None if it is required.
    """

    name: str
    meaning: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Callable:
    """A function or class.

    Args:
        summary: the first paragraph of its docstring.
        arguments: of the function or constructor.
    """

    summary: str
    arguments: tuple[Argument, ...]


def read_callable(path: str) -> Callable:
    """What the source says of ``kenning_lego.module:name``, which is not imported."""
    module, _, name = path.partition(":")
    file = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = next(
        node
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name
    )
    text = ast.get_docstring(found) or ""
    meanings = argument_meanings(text)
    signature = found if isinstance(found, ast.FunctionDef) else _constructor(found)
    arguments = _arguments(signature, meanings) if signature else ()
    return Callable(summary_of(text), arguments)


def summary_of(docstring: str) -> str:
    """Its first paragraph on one line."""
    return plain(inspect.cleandoc(docstring).partition("\n\n")[0])


def plain(text: str) -> str:
    """A docstring's text without its markup, on one line."""
    return " ".join(_MARKUP.sub(lambda m: m[1] or m[2], text).split())


def argument_meanings(docstring: str) -> Mapping[str, str]:
    """The section ``Args`` of a docstring, by name."""
    found: dict[str, str] = {}
    _, _, section = inspect.cleandoc(docstring).partition("Args:\n")
    name = ""
    for line in section.splitlines():
        if match := _ARGUMENT.match(line):
            name, found[match[1]] = match[1], match[2]
        elif line.startswith("     ") and name:
            found[name] += f" {line.strip()}"
        else:
            break
    return found


def options_of(options: type) -> tuple[Argument, ...]:
    """The fields of a dataclass, of which it or a base class tells the meaning."""
    meanings: dict[str, str] = {}
    for each in reversed(options.__mro__):
        meanings |= argument_meanings(each.__doc__ or "")
    return tuple(
        Argument(each.name, plain(meanings.get(each.name, "")), _written(each.default))
        for each in dataclasses.fields(options)
    )


def _written(value: object) -> str:
    """As in YAML."""
    if isinstance(value, tuple):
        return " ".join(map(_written, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _constructor(found: ast.ClassDef) -> ast.FunctionDef | None:
    return next(
        (n for n in found.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
    )


def _arguments(signature: ast.FunctionDef, meanings: Mapping[str, str]) -> tuple[Argument, ...]:
    arguments = [*signature.args.posonlyargs, *signature.args.args]
    required = len(arguments) - len(signature.args.defaults)
    defaults: list[ast.expr | None] = [*[None] * required, *signature.args.defaults]
    pairs = [
        *zip(arguments, defaults, strict=True),
        *zip(signature.args.kwonlyargs, signature.args.kw_defaults, strict=True),
    ]
    return tuple(
        Argument(
            each.arg,
            plain(meanings.get(each.arg, "")),
            None if default is None else ast.unparse(default),
        )
        for each, default in pairs
        if each.arg != "self"
    )
