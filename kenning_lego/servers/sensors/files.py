"""Sensors that are files below /proc and /sys: opened once, read again and again."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.servers.sensors.base import Absent, Readings, Sensor

_GONE = frozenset({errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESRCH})
"""What reading gives once the device or process behind a file is no more; anything else may be of
a part that is switched off for now."""

_NEVER = _GONE | {errno.EISDIR, errno.EOPNOTSUPP}
"""What reading gives at first that will not be better later."""

_INTEGER = re.compile(rb"\s*-?[0-9]{1,20}\s*")
_READ_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Source:
    """One or more files that give readings together.

    Args:
        name: the key, or the device, in reasons for absence.
        paths: the files.
        parse: from their contents to readings; raises ValueError for what makes no sense.
    """

    name: str
    paths: tuple[Path, ...]
    parse: Callable[[Sequence[bytes]], Readings]


class FileSensor:
    """Reads its sources' files; those that are gone are left out from then on.

    Args:
        kind: see :class:`.base.Sensor`.
        sources: what to read; those that refuse are left out with the reason.
        absent: what else is not there, and why.
        when_denied: more words for files that may not be read.
    """

    def __init__(
        self,
        kind: str,
        sources: Iterable[Source],
        absent: Mapping[str, str] | None = None,
        when_denied: str = "",
    ) -> None:
        self.kind = kind
        self.absent: dict[str, str] = dict(absent or {})
        self._open: dict[str, _Opened] = {}
        for source in sources:
            try:
                self._try(source)
            except PermissionError as error:
                more = f"; {when_denied}" if when_denied else ""
                self._leave_out(source.name, f"{_refusal(source, error)}{more}")
            except OSError as error:
                if source.name not in self._open or error.errno in _NEVER:
                    self._leave_out(source.name, _refusal(source, error))
            except ValueError as error:
                self._leave_out(source.name, f"{source.paths[0]}: {error}")

    def _try(self, source: Source) -> None:
        opened = self._open[source.name] = _Opened(source)
        source.parse(opened.contents())

    @property
    def empty(self) -> bool:
        """Whether nothing is left to be read."""
        return not self._open

    def read(self) -> Readings:
        """The present values by key."""
        readings: dict[str, float] = {}
        for name, opened in list(self._open.items()):
            try:
                readings.update(opened.source.parse(opened.contents()))
            except OSError as error:
                if error.errno in _GONE:
                    self._leave_out(name, f"gone: {_refusal(opened.source, error)}")
            except ValueError:
                pass  # this time; it made sense when it was found
        return readings

    def close(self) -> None:
        """Close the files."""
        for name in list(self._open):
            self._open.pop(name).close()

    def _leave_out(self, name: str, reason: str) -> None:
        if name in self._open:
            self._open.pop(name).close()
        self.absent[name] = reason


class _Opened:
    """A source with its descriptors."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._descriptors: list[int] = []
        try:
            for path in source.paths:
                self._descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise

    def contents(self) -> list[bytes]:
        # From the start: the kernel then makes the file's content anew.
        return [os.pread(descriptor, _READ_BYTES, 0) for descriptor in self._descriptors]

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


def file_sensor(kind: str, sources: Iterable[Source], reason: str) -> Sensor:
    """A sensor of these sources, or the null object when there are none.

    Args:
        kind: see :class:`.base.Sensor`.
        sources: what to read.
        reason: why there are none, if there are none.
    """
    sensor = FileSensor(kind, sources)
    return sensor if sensor.absent or not sensor.empty else Absent(kind, reason)


def number(
    key: str, path: Path, *, scale: float = 1.0, low: float = -1e18, high: float = 1e18
) -> Source:
    """A file that holds one integer.

    Args:
        key: of the reading.
        path: of the file.
        scale: what the integer is multiplied with.
        low: less makes no sense, in the reading's unit.
        high: more makes no sense.
    """

    def parse(contents: Sequence[bytes]) -> Readings:
        value = integer(contents[0]) * scale
        if not low <= value <= high:
            raise ValueError(f"{value:g} is not between {low:g} and {high:g}")
        return {key: value}

    return Source(key, (path,), parse)


def integer(content: bytes) -> int:
    """The integer that a file holds.

    Raises:
        ValueError: it holds something else.
    """
    if not _INTEGER.fullmatch(content):
        raise ValueError(f"{content[:32]!r} is not a number")
    return int(content)


def line(path: Path) -> str:
    """The content of a small file without spaces around it; empty if it cannot be read."""
    try:
        return path.read_bytes()[:256].decode("utf-8", "replace").strip(" \t\r\n\0")
    except OSError:
        return ""


def numbered(root: Path, pattern: str) -> list[Path]:
    """Paths that match, in the order of the numbers in their names: zone2 before zone10."""
    return sorted(root.glob(pattern), key=lambda path: _by_number(str(path)))


def _by_number(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(int(part) if part.isdigit() else 0, part) for part in parts]


def _refusal(source: Source, error: OSError) -> str:
    where = error.filename or source.paths[0]
    return f"{where}: {error.strerror}"
