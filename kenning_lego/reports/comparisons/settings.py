"""What the records themselves say to be different, setting by setting.

A setting belongs to a family: what somebody changes at once. Another engine has another version
and another provider; that is one change. A family that is the only one to differ is what the
figures' difference comes from, as far as the records tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.environment import facts
from kenning_lego.reports.formatting import counted, integer

INCIDENTAL = "conditions"
"""The family of what differs without having been changed, such as where files are."""

_ENGINE = ("engine", "version", "provider", "delegate", "device")
_OF_THE_RUN = ("threads", "batch", "precision")
_SCENARIO_NAMES = {"runtime": "engine"}
_PLACES = frozenset(
    {"workspace", "output", "key", "server_key", "keys", "address", "report", "root"}
)
"""Keys of scenarios that say where things are."""
_TYPES = ("type", "name", "from")
"""Keys of a scenario's sections that decide what the others mean."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that not all records say alike.

    Args:
        family: of settings that change together.
        name: in words.
        values: in each record, as text; None where it does not say.
        alone: it is a family of its own, unless the family's type changes.
    """

    family: str
    name: str
    values: tuple[str | None, ...]
    alone: bool = False

    def differs(self, other: int, first: int = 0) -> bool:
        """Whether one record says otherwise than another, or one of them says nothing."""
        return self.values[first] != self.values[other]

    def step(self, other: int, first: int = 0) -> str:
        """From one record to another in words."""
        was, now = (shortened(self.values[each] or "not said") for each in (first, other))
        return f"{self.name} from {was} to {now}"


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from one record to another.

    Args:
        families: that differ, without what is incidental.
        steps: one for each family in words, such as "threads from 1 to 4".
    """

    families: tuple[str, ...]
    steps: tuple[str, ...]

    def said(self, most: int = 4) -> str:
        """The first few steps in a line; empty where nothing differs."""
        left = len(self.steps) - most
        more = (f"and {left} more",) if left > 0 else ()
        return "; ".join((*self.steps[:most], *more))


def settings_of(sides: Sequence[Side]) -> tuple[Setting, ...]:
    """Every setting that the records do not say alike, those of one family together."""
    said = [dict(_said(each)) for each in sides]
    keys = dict.fromkeys(key for each in said for key in each)
    order = {each: number for number, each in enumerate(dict.fromkeys(key.family for key in keys))}
    found = [
        Setting(key.family, key.name, tuple(each.get(key) for each in said), key.alone)
        for key in sorted(keys, key=lambda key: (key.family == INCIDENTAL, order[key.family]))
    ]
    return tuple(each for each in found if len(set(each.values)) > 1)


def change_between(settings: Sequence[Setting], other: int, first: int = 0) -> Change:
    """What is different from one record to another, by their positions."""
    differ = [each for each in settings if each.family != INCIDENTAL and each.differs(other, first)]
    found = [each for each in differ if None not in (each.values[first], each.values[other])]
    typed = {each.family for each in found if each.name.rpartition(".")[2] in _TYPES}
    families: dict[str, Setting] = {}
    for each in found:
        apart = each.alone and each.family not in typed
        families.setdefault(each.name if apart else each.family, each)
    steps = [each.step(other, first) for each in families.values()]
    unsaid = len(differ) - len(found)
    # Records of other versions, or verbs, say more or less; what they leave out may be otherwise.
    silent = (f"{counted(unsaid, 'setting')} that one of them does not say",) if unsaid else ()
    return Change((*families, *silent), (*steps, *silent))


def shortened(text: str) -> str:
    """A value that fits into a line."""
    short = " ".join(text.split())
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


class _Key(NamedTuple):
    family: str
    name: str
    alone: bool = False


def _said(side: Side) -> Iterator[tuple[_Key, str]]:
    """What one record says."""
    yield _Key("network", "network"), side.network
    known = side.facts
    if known is not None:
        counts = {"parameters": known.parameters, "FLOPs": known.flops}
        for name, count in counts.items():
            if count is not None:
                yield _Key("network", name), integer(count)
        yield _Key("dataset", "dataset"), known.dataset
        yield _Key("metric", "metric"), known.metric
    used: Mapping[str, object] = {}
    if side.target is not None:
        used = side.target.used
        yield from _machine(side.target.environment)
        yield from _ran(used)
        yield _Key("clock", "clock"), ", ".join(side.clocks)
        beside = ", ".join(side.target.deployments)
        yield _Key("deployments", "deployments that ran beside"), beside or "none"
    yield _Key("kenning-lego", "kenning-lego"), side.record.version
    for name, version in side.record.host.engines.items():
        yield _Key("host packages", f"{name} on the host"), version
    for fact in facts(side.record.host.facts):
        if fact.value is not None:
            yield _Key(INCIDENTAL, f"host's {fact.name}"), fact.value
    for path, value in _leaves(side.record.scenario):
        key = _asked(path, used)
        if key is not None and (known is None or path != ("metric",)):
            yield key, _text(value)


def _machine(environment: EnvironmentRecord) -> Iterator[tuple[_Key, str]]:
    for fact in facts(environment.facts):
        if fact.value is not None:
            yield _Key("target", f"target's {fact.name}"), fact.value
    for name, value in environment.state_before.items():
        # Numbers, such as a temperature, are never the same twice.
        if isinstance(value, str):
            yield _Key("power mode", name.replace("_", " ")), value


def _ran(used: Mapping[str, object]) -> Iterator[tuple[_Key, str]]:
    for name in _ENGINE:
        if name in used:
            said = "engine's version" if name == "version" else name
            yield _Key("engine", said), str(used[name])
    for name in _OF_THE_RUN:
        if name in used:
            yield _Key(name, name), str(used[name])


def _asked(path: tuple[str, ...], used: Mapping[str, object]) -> _Key | None:
    """A leaf of the scenario; None for what the target told to be so."""
    last, name = _SCENARIO_NAMES.get(path[-1], path[-1]), ".".join(path)
    if path[0] == "target" and last in used:
        return None
    if path[-1] in _PLACES:
        return _Key(INCIDENTAL, name)
    if path[0] == "target":
        return _Key(last, last)
    in_list = any(part.isdigit() for part in path)
    return _Key(path[0], name, alone=not in_list)


def _leaves(branch: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Values by their paths; numbers stand for places in lists of sections."""
    for key, value in branch.items():
        below: Mapping[str, Any] | None = None
        if isinstance(value, dict):
            below = value
        elif isinstance(value, list | tuple) and any(isinstance(each, dict) for each in value):
            below = {str(number): each for number, each in enumerate(value, 1)}
        if below:
            for path, leaf in _leaves(below):
                yield (str(key), *path), leaf
        elif value is not None:
            yield (str(key),), value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
