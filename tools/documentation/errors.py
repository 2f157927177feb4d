"""The exception tree as a table: which error ends a verb with which exit code."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from kenning_lego.core.errors import KenningLegoError
from tools.documentation.markdown import from_docstring, table

_HOMES = ("core.errors", "deployment.errors")
"""Modules whose errors a user of the command can meet."""


def error_table() -> str:
    """Every error with its exit code, in the order of the tree."""
    for home in _HOMES:
        importlib.import_module(f"kenning_lego.{home}")
    return table(
        ("error", "exit code", "when"),
        (
            (f"{'&emsp;' * depth}`{error.__name__}`", str(error.exit_code), _summary(error))
            for depth, error in _tree(KenningLegoError, 0)
        ),
    )


def _tree(
    error: type[KenningLegoError], depth: int
) -> Iterator[tuple[int, type[KenningLegoError]]]:
    if error.__module__.removeprefix("kenning_lego.") in _HOMES:
        yield depth, error
    for child in error.__subclasses__():
        yield from _tree(child, depth + 1)


def _summary(error: type[KenningLegoError]) -> str:
    return from_docstring((inspect.getdoc(error) or "").partition("\n\n")[0])
