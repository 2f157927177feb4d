"""Pages with commands and what they print: read, run, and compared in substance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r'(?ms)^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$')
_ANY_NUMBER = r"[+-]?\d+(?:[.,]\d+)*"
_NUMBER = re.compile(_ANY_NUMBER)
_ELLIPSIS = "..."


@dataclass(frozen=True)
class Command:
    """A command of a page, and what the page says that it prints."""

    text: str
    output: tuple[str, ...]

    @property
    def tells_code(self) -> bool:
        """Whether it prints the exit code of the command before it."""
        return "$?" in self.text


@dataclass(frozen=True)
class Fence:
    """A block of code on a page."""

    language: str
    title: str
    text: str

    def commands(self) -> Iterator[Command]:
        """Those of a console."""
        lines = self.text.splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Command(lines[start].removeprefix("$ "), tuple(lines[start + 1 : end]))


def fences(page: str) -> list[Fence]:
    """The blocks of code of a page, in order."""
    return [Fence(match[1], match[2] or "", match[3]) for match in _FENCE.finditer(page)]


def missing(expected: Sequence[str], printed: str) -> str | None:
    """The first line that should have been printed and was not; None if all were, in order.

    A line that is `...` stands for any lines, `...` within a line for any text, a number for any
    number, and spaces for any spaces. Lines that follow one another do so in what was printed.
    """
    lines = [_plain(line) for line in printed.splitlines() if line.strip()]
    position, anywhere = 0, False
    for line in expected:
        if line.strip() == _ELLIPSIS:
            anywhere = True
            continue
        pattern = _pattern(line)
        reach = lines[position:] if anywhere else lines[position : position + 1]
        found = next((i for i, each in enumerate(reach) if pattern.fullmatch(each)), None)
        if found is None:
            return line
        position, anywhere = position + found + 1, False
    if not anywhere and position < len(lines):
        return f"nothing more than {expected[-1]!r}" if expected else "nothing"
    return None


def _plain(line: str) -> str:
    return " ".join(line.split())


def _pattern(line: str) -> re.Pattern[str]:
    parts = _plain(line).split(_ELLIPSIS)
    masked = (_ANY_NUMBER.join(map(re.escape, _NUMBER.split(part))) for part in parts)
    return re.compile(".*".join(masked))
