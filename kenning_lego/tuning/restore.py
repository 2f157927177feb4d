"""Putting back what a journal names; may be done any number of times."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

from kenning_lego.tuning import jetson
from kenning_lego.tuning.jetson import TuningError
from kenning_lego.tuning.journal import (
    Clocks,
    Mode,
    Recorded,
    Setting,
    restarted_since,
    sync_directory,
)
from kenning_lego.tuning.settings import read_setting, write_setting

_ORDER_MATTERS = (errno.EINVAL, errno.EBUSY)
"""A lower bound above the upper one, a preference that the governor does not allow."""


def stored_clocks(journal: Path) -> Path:
    """Where jetson_clocks keeps the clocks from before, beside the journal."""
    return journal.with_name("jetson_clocks.stored")


def restore(root: Path, journal: Path, recorded: Recorded, tell: Callable[[str], None]) -> None:
    """Put everything back that is still as we left it, say what is not, and drop the journal.

    Args:
        root: where ``sys`` and ``usr`` are.
        journal: the journal's file.
        recorded: what it says.
        tell: told every step.

    Raises:
        TuningError: something cannot be put back; the journal stays for another try.
    """
    failures: list[str] = []
    if recorded.began is not None:
        restarted = restarted_since(recorded.began, root)
        settings = [] if restarted else _ours(root, recorded, tell)
        if restarted:
            tell("the machine was started anew since: the kernel's settings are its own again")
        else:
            failures += _put_clocks_back(root, journal, recorded, tell)
        failures += _put_mode_back(root, recorded, tell)
        failures += _put_settings_back(root, settings, tell)
    if failures:
        raise TuningError(
            f"not put back: {'; '.join(failures)}", "try again: kenning-lego tune --reset"
        )
    stored_clocks(journal).unlink(missing_ok=True)
    journal.unlink(missing_ok=True)
    sync_directory(journal.parent)


def _ours(root: Path, recorded: Recorded, tell: Callable[[str], None]) -> list[Setting]:
    """The settings to put back, last change first; says which ones others have changed since."""
    mine = []
    for setting in reversed(recorded.settings):
        now = read_setting(root, setting.name)
        left = {setting.after, recorded.reached.get(setting.name)} - {None}
        if now is None:
            tell(f"/{setting.name} is no more; it was {setting.before}")
        elif setting.after is None and left == {setting.before}:
            continue  # nothing of ours has touched it
        elif now != setting.before and left and now not in left:
            tell(
                f"/{setting.name} is left at {now}: somebody else changed it meanwhile "
                f"(before us it was {setting.before})"
            )
        else:
            mine.append(setting)
    return mine


def _put_clocks_back(
    root: Path, journal: Path, recorded: Recorded, tell: Callable[[str], None]
) -> list[str]:
    stored = stored_clocks(journal)
    if not any(isinstance(entry, Clocks) for entry in recorded.entries) or not stored.exists():
        return []
    tell("jetson_clocks: clocks as before")
    try:
        jetson.restore_clocks(root, stored)
    except TuningError as error:
        return [str(error)]
    return []


def _put_mode_back(root: Path, recorded: Recorded, tell: Callable[[str], None]) -> list[str]:
    for entry in recorded.entries:
        if not isinstance(entry, Mode):
            continue
        now = jetson.present_mode(root)
        if now is None:
            return [f"nvpmodel does not tell the power mode, which was {entry.before}"]
        if now.number == entry.before:
            continue
        if now.number != entry.after:
            tell(
                f"nvpmodel: mode {now} is left: somebody else changed it meanwhile "
                f"(before us it was {entry.before})"
            )
            continue
        tell(f"nvpmodel: mode {now} -> {entry.before}")
        try:
            jetson.set_mode(root, entry.before)
        except TuningError as error:
            return [str(error)]
    return []


def _put_settings_back(
    root: Path, settings: list[Setting], tell: Callable[[str], None]
) -> list[str]:
    waiting = settings
    failures: list[str] = []
    for last in (False, True):
        later = []
        for setting in waiting:
            now = read_setting(root, setting.name)
            if now is None or now == setting.before:
                continue
            try:
                write_setting(root, setting.name, setting.before)
            except OSError as error:
                if not last and error.errno in _ORDER_MATTERS:
                    later.append(setting)
                else:
                    failures.append(f"/{setting.name}: {error.strerror}")
                continue
            tell(f"/{setting.name}: {now} -> {setting.before}")
        waiting = later
    return failures
