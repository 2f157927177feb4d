"""What has been changed, on disk before it is changed, so that a crash loses nothing.

One JSON object a line: first who began when, then every change with the value before it, at last
the values that all settings had reached. A last line that a crash left unfinished tells of a
change that was not made yet.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.kernel_files import read_text
from kenning_lego.tuning.settings import check_setting

FILE_NAME = "tune.journal"
VERSION = 1
MAX_BYTES = 1 << 20

_BOOT = "proc/sys/kernel/random/boot_id"
_DIRECTORY_MODE, _FILE_MODE = 0o755, 0o600

Until = Literal["reset", "command"]


@dataclass(frozen=True, slots=True)
class Began:
    """Who changes settings since when.

    Args:
        boot: identifies the kernel's run, with which settings end.
        at: seconds since 1970.
        until: whether they last until told otherwise, or as long as a command.
        pid: of the process that makes the changes.
    """

    boot: str
    at: float
    until: Until
    pid: int


@dataclass(frozen=True, slots=True)
class Setting:
    """A kernel's setting; `after` is None for what only other changes bring along."""

    name: str
    before: str
    after: str | None


@dataclass(frozen=True, slots=True)
class Mode:
    """The board's power mode, by number."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Clocks:
    """Fixed clocks; those before are in a file of the program's own."""


@dataclass(frozen=True, slots=True)
class Reached:
    """All changes are made; the settings' values are these."""

    values: Mapping[str, str]


Entry = Setting | Mode | Clocks | Reached


@dataclass(frozen=True, slots=True)
class Recorded:
    """A journal that was read; `began` is None where a crash left not even that."""

    began: Began | None
    entries: tuple[Entry, ...] = ()

    @property
    def settings(self) -> tuple[Setting, ...]:
        """The kernel's settings, in the order of their changes."""
        return tuple(entry for entry in self.entries if isinstance(entry, Setting))

    @property
    def reached(self) -> Mapping[str, str]:
        """The values that all had in the end; empty where it did not come so far."""
        found = [entry.values for entry in self.entries if isinstance(entry, Reached)]
        return found[-1] if found else {}


class Journal:
    """A journal that is being written; what :meth:`add` took is on disk when it returns.

    Raises:
        ConfigurationError: it is there already, or cannot be written.
    """

    def __init__(self, path: Path, began: Began) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(path, flags, _FILE_MODE)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._path = path
        try:
            self._write({"kenning_lego_journal": VERSION, **_plain(began)})
            sync_directory(path.parent)
        except BaseException:
            os.close(self._descriptor)
            raise

    def add(self, entry: Entry) -> None:
        """Write down what will be changed next.

        Raises:
            ConfigurationError: the disk refuses.
        """
        self._write({"entry": _NAMES[type(entry)], **_plain(entry)})

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)

    def _write(self, line: Mapping[str, Any]) -> None:
        content = (json.dumps(line) + "\n").encode()
        try:
            while content:  # a disk that is nearly full takes less than it is given, then refuses
                content = content[os.write(self._descriptor, content) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise _unwritable(self._path, error) from error


def begin(root: Path, until: Until) -> Began:
    """The first line of a journal of this process."""
    return Began(read_text(root / _BOOT), time.time(), until, os.getpid())


def restarted_since(began: Began, root: Path) -> bool:
    """Whether the machine was started anew, and its kernel's settings with it."""
    return began.boot != read_text(root / _BOOT)


def read_journal(path: Path) -> Recorded | None:
    """The journal at that path; None if there is none.

    Raises:
        ConfigurationError: it is not ours, others could have written it, it is damaged other than
            by a crash, or it names what is never changed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {path}: {error.strerror}",
            "run the command as the user who tuned, or look at what lies there",
        ) from error
    try:
        _refuse_foreign(path, os.fstat(descriptor))
        content = os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise _damaged(path, f"it is longer than {MAX_BYTES} bytes")
    return parse_journal(content, path)


def parse_journal(content: bytes, path: Path) -> Recorded:
    """What a journal's bytes say; errors as in :func:`read_journal`."""
    lines = content.split(b"\n")
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines):
        if not line and number == len(lines) - 1:
            break
        try:
            value = json.loads(line)
        except ValueError as error:
            if any(lines[number + 1 :]):
                raise _damaged(path, f"line {number + 1} is not JSON") from error
            break  # a crash came while it was written
        if not isinstance(value, dict):
            raise _damaged(path, f"line {number + 1} is no object")
        found.append(value)
    if not found:
        return Recorded(None)
    try:
        began = _began(found[0])
        entries = tuple(_entry(value) for value in found[1:])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"it has an entry that is not known ({error})") from error
    return Recorded(began, entries)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep other commands out of the directory meanwhile; make it if need be.

    The lock ends with this process, however that ends.

    Raises:
        ConfigurationError: another command is at it, or the directory cannot be used.
    """
    try:
        directory.mkdir(_DIRECTORY_MODE, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        _refuse_foreign(directory, os.fstat(descriptor))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                "another `kenning-lego tune` is under way", "wait until it has ended"
            ) from error
        yield
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Have it on disk which files are in the directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_foreign(path: Path, state: os.stat_result) -> None:
    if state.st_uid != os.geteuid():
        raise ConfigurationError(
            f"{path} belongs to another user, who could have named any setting in it",
            "look at it, and remove it if it is none of yours",
        )
    if stat.S_IMODE(state.st_mode) & 0o022:
        raise ConfigurationError(
            f"other users could have written {path}", "look at it, and remove it or chmod go-w it"
        )
    if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)):
        raise ConfigurationError(f"{path} is not a file", "remove it")


_NAMES: Mapping[type[Entry], str] = {
    Setting: "setting",
    Mode: "power mode",
    Clocks: "clocks",
    Reached: "reached",
}


def _plain(value: Began | Entry) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _began(line: dict[str, Any]) -> Began:
    if line["kenning_lego_journal"] != VERSION:
        raise ValueError(f"it is of version {line['kenning_lego_journal']}")
    until = line["until"]
    if until not in ("reset", "command"):
        raise ValueError(f"until {until!r}")
    return Began(str(line["boot"]), float(line["at"]), until, int(line["pid"]))


def _entry(line: dict[str, Any]) -> Entry:
    match line["entry"]:
        case "setting":
            entry = Setting(line["name"], line["before"], line["after"])
            check_setting(entry.name, entry.before)
            if entry.after is not None:
                check_setting(entry.name, entry.after)
            return entry
        case "power mode":
            before, after = line["before"], line["after"]
            if not all(type(each) is int and 0 <= each < 10_000 for each in (before, after)):
                raise ValueError("a power mode is a number")
            return Mode(before, after)
        case "clocks":
            return Clocks()
        case "reached":
            values = dict(line["values"])
            for name, value in values.items():
                check_setting(name, value)
            return Reached(values)
        case other:
            raise ValueError(repr(other))


def _damaged(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is damaged: {why}",
        "look at it, put back by hand what it names, and remove it",
    )


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"cannot write {path}: {error.strerror or error}", "check its permissions and the disk"
    )
