"""The help of a command: what fits a screen, or all of it, of one description of its flags."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.flag_table import Flag
from kenning_lego.core.output import FLAGS

GENERAL = "general"
"""The group of the flags that belong to no component."""

SCREEN_LINES = 42
"""That the short help may have."""

_COLUMN = 30
"""Where texts begin, beside the flags."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What a command takes.

    Args:
        program: the command.
        description: what it does.
        flags: all of them.
        groups: what each group of flags is about, by its name.
        file: what the YAML file is that may be named first; None if it takes none.
        positional: key of the flag whose value may be given without it.
        common: keys of the flags that the short help shows, where all are too many.
        example: a command line.
    """

    program: str
    description: str
    flags: tuple[Flag, ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    positional: str | None = None
    common: tuple[str, ...] = ()
    example: str = ""

    def of_group(self, group: str) -> list[Flag]:
        """The flags of a group."""
        return [flag for flag in self.flags if group_of(flag) == group]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "command": self.program,
            "description": self.description,
            "file": self.file,
            "positional": self.positional,
            "example": self.example,
            "flags": [
                {
                    "name": flag.name,
                    "group": group_of(flag),
                    "meaning": flag.meaning,
                    "shape": flag.shape,
                    "choices": list(flag.choices),
                    "default": flag.default or None,
                    "required": flag.required,
                }
                for flag in self.flags
            ],
        }


def group_of(flag: Flag) -> str:
    """The name of its group."""
    return flag.path[0] if len(flag.path) > 1 else GENERAL


def short_help(interface: Interface, width: int) -> str:
    """What fits a screen: all flags if they do, else the common ones and the groups of the rest."""
    whole = list(_framed(interface, _all_groups(interface, width), width))
    if len(whole) <= SCREEN_LINES or not interface.common:
        return "\n".join(whole)
    wrapped = list(_framed(interface, _common(interface, width, wrap=True), width))
    if len(wrapped) <= SCREEN_LINES:
        return "\n".join(wrapped)
    return "\n".join(_framed(interface, _common(interface, width, wrap=False), width))


def full_help(interface: Interface, width: int) -> str:
    """All flags, by group."""
    return "\n".join(_framed(interface, _all_groups(interface, width), width))


def group_help(interface: Interface, group: str, width: int) -> str:
    """The flags of one group.

    Raises:
        UnknownNameError: there is no such group.
    """
    flags = interface.of_group(group)
    if not flags:
        groups = dict.fromkeys(map(group_of, interface.flags))
        raise UnknownNameError("group of flags", group, groups, "--help-all shows all")
    return "\n".join([_usage(interface), "", *_group(interface, group, flags, width)])


def _usage(interface: Interface) -> str:
    words = ["usage:", interface.program]
    if interface.file:
        words.append("[SCENARIO.yaml]")
    if interface.positional:
        several = any(
            flag.key == interface.positional and flag.shape == "list" for flag in interface.flags
        )
        words.append(f"[{interface.positional.upper()}{' ...' if several else ''}]")
    return " ".join([*words, "[--FLAG VALUE ...]"])


def _framed(interface: Interface, flags: Iterator[str], width: int) -> Iterator[str]:
    yield _usage(interface)
    yield ""
    for paragraph in interface.description.strip().split("\n\n"):
        yield from textwrap.wrap(" ".join(paragraph.split()), width)
    if interface.file:
        yield from _row("SCENARIO.yaml", interface.file, width)
    yield from flags
    yield ""
    for name, text in FLAGS.items():
        yield from _row(name, text, width)
    if interface.example:
        yield ""
        lines = textwrap.wrap(f"example: {interface.example}", width - 2, break_on_hyphens=False)
        yield " \\\n  ".join(lines)


def _all_groups(interface: Interface, width: int) -> Iterator[str]:
    for group in dict.fromkeys(map(group_of, interface.flags)):
        yield ""
        yield from _group(interface, group, interface.of_group(group), width)


def _group(interface: Interface, group: str, flags: Sequence[Flag], width: int) -> Iterator[str]:
    about = interface.groups.get(group, "")
    yield from textwrap.wrap(f"{group}: {' '.join(about.split())}" if about else group, width)
    for flag in flags:
        default = f" [{flag.default}]" if flag.default else ""
        required = " (required)" if flag.required else ""
        yield from _row(_spelled(flag), f"{flag.meaning}{default}{required}", width)


def _common(interface: Interface, width: int, *, wrap: bool) -> Iterator[str]:
    by_key = {flag.key: flag for flag in interface.flags}
    shown = [by_key[key] for key in interface.common]
    yield ""
    for flag in shown:
        row = _row if wrap else _line
        yield from row(_spelled(flag, width // 2), _summary(flag), width)
    yield ""
    hidden = len(interface.flags) - len(shown)
    groups = list(dict.fromkeys(map(group_of, interface.flags)))
    if groups == [GENERAL]:
        yield f"{hidden} more flags: --help-all shows all."
        return
    yield f"{hidden} more flags: --help GROUP shows those of a group, --help-all shows all."
    for group in groups:
        count = len(interface.of_group(group))
        about = _first_sentence(interface.groups.get(group, "flags of the command itself"))
        yield from _line(f"{group} ({count})", about, width, column=_COLUMN - 10)


def _spelled(flag: Flag, most: int | None = None) -> str:
    """The flag with what it takes, in at most so many columns."""
    match flag.shape:
        case "switch" if most is None:
            return f"{flag.name}, --no-{flag.key}"
        case "switch":
            return flag.name
        case "components" if most is not None:
            text = f"{flag.name} {flag.metavar.split(',')[0]},… ..."
        case "list" | "components":
            text = f"{flag.name} {flag.metavar} ..."
        case _:
            text = f"{flag.name} {flag.metavar}"
    return text if most is None else _cut(text, most, "|,")


def _summary(flag: Flag) -> str:
    meaning = _first_sentence(flag.meaning)
    if flag.required:
        return f"(required) {meaning}"
    return f"{meaning} [{flag.default}]" if flag.default and flag.shape != "switch" else meaning


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).split(". ", 1)[0].rstrip(".")


def _row(left: str, text: str, width: int) -> Iterator[str]:
    """Flag and text in two columns; the text goes on below."""
    lines = textwrap.wrap(" ".join(text.split()), width - _COLUMN) or [""]
    head = f"  {left}"
    if len(head) > _COLUMN - 2:
        yield from _folded(head, width)
        head = ""
    yield f"{head:<{_COLUMN}}{lines[0]}".rstrip()
    yield from (" " * _COLUMN + line for line in lines[1:])


def _folded(head: str, width: int) -> Iterator[str]:
    """A flag with many choices in as many lines as it takes."""
    while len(head) > width:
        end = max(head.rfind(each, 0, width) for each in "|, ") + 1
        yield head[:end].rstrip()
        head = f"      {head[end:]}"
    yield head


def _line(left: str, text: str, width: int, column: int = _COLUMN) -> Iterator[str]:
    """Flag and text in one line, which ends where the screen does."""
    head = f"  {left:<{column - 2}}"
    if not head.endswith(" "):
        head += "  "
    yield _cut(f"{head}{text}", width, " ")


def _cut(text: str, width: int, where: str) -> str:
    """The text in at most so many columns, cut between words if it is too long."""
    if len(text) <= width:
        return text
    end = max(text.rfind(each, 0, width - 1) for each in where)
    kept = text[: end if end > width // 2 else width - 1].rstrip(" ,;:|(")
    return f"{kept}…"
