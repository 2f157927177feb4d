"""The drawing of the rooms, from the import contracts that the tests check."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import tomllib

_PACKAGE = "kenning_lego."
_ALSO_ON_TARGETS = frozenset({"selection"})
"""Runs on targets, though the contract cannot name it: its solver is imported by hosts alone."""


@dataclass(frozen=True, slots=True)
class Room:
    """A package inside ours, or its command.

    Args:
        name: of it.
        purpose: the first line of its docstring.
        on_target: whether a target imports it.
    """

    name: str
    purpose: str
    on_target: bool


def house(pyproject: Path) -> list[list[Room]]:
    """The layers from top to bottom; a room imports only from layers below its own.

    Args:
        pyproject: the file with the contracts of import-linter.
    """
    content = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    contracts = {each["id"]: each for each in content["tool"]["importlinter"]["contracts"]}
    on_target = _targets_rooms(contracts["target"])
    return [
        [_room(name.strip().removeprefix(_PACKAGE), on_target) for name in layer.split("|")]
        for layer in contracts["layers"]["layers"]
    ]


def drawing(layers: list[list[Room]]) -> str:
    """The house as HTML; `docs/assets/site.css` makes boxes of it."""
    floors = "\n".join(f'<ul class="layer">\n{"".join(map(_box, layer))}</ul>' for layer in layers)
    return (
        '<div class="house" role="group" aria-label="The rooms, in layers">\n'
        f"{floors}\n"
        '<p class="legend">A room imports only from the layers below its own. '
        '<span class="room target">Shaded</span> rooms run on targets too.</p>\n'
        "</div>"
    )


def _box(room: Room) -> str:
    kind = "room target" if room.on_target else "room"
    return f'<li class="{kind}"><strong>{room.name}</strong> {escape(room.purpose)}</li>\n'


def _room(name: str, on_target: Collection[str]) -> Room:
    module = importlib.import_module(f"{_PACKAGE}{name}")
    purpose = (inspect.getdoc(module) or "").partition("\n")[0].rstrip(".")
    return Room(name, purpose.replace("``", ""), name in on_target)


def _targets_rooms(contract: dict[str, Any]) -> frozenset[str]:
    """Whole rooms that the contract names; of scenarios, targets import some modules only."""
    names = {each.removeprefix(_PACKAGE) for each in contract["source_modules"]}
    return frozenset(each for each in names if "." not in each) | _ALSO_ON_TARGETS
