"""Changing a machine's settings for a measurement, and putting them back.

:func:`tuned` does both around a measurement; :func:`tune` and :func:`reset` do each by itself.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.tuning import jetson, journal
from kenning_lego.tuning.jetson import TuningError
from kenning_lego.tuning.journal import Journal, Recorded, Setting, Until
from kenning_lego.tuning.plan import Changes, TuneOptions, plan_changes, remembered
from kenning_lego.tuning.restore import restore, stored_clocks
from kenning_lego.tuning.settings import read_setting, write_setting

Tell = Callable[[str], None]
Check = Callable[[], None]
"""Called between changes; what it raises ends them, and they are put back."""

SYSTEM_STATE = Path("/var/lib/kenning-lego")
"""Where root keeps its journal."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings are, and where the journal of their changes is kept."""

    root: Path
    state: Path

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.state / journal.FILE_NAME


def default_state() -> Path:
    """Where journals are kept: /var/lib for root, else ``$XDG_STATE_HOME`` or ~/.local/state.

    Raises:
        ConfigurationError: there is no home directory.
    """
    if _is_root():
        return SYSTEM_STATE
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".local" / "state"
        except RuntimeError as error:
            raise ConfigurationError(
                "this user has no home directory to keep a journal in", "name one with --state"
            ) from error
    return base / "kenning-lego"


def tune(place: Place, options: TuneOptions, tell: Tell, check: Check = lambda: None) -> Changes:
    """Change settings until :func:`reset`; says every change.

    Raises:
        ConfigurationError: it needs root, settings are changed already, or a journal is in the
            way.
        TuningError: a setting cannot be changed; all others are put back.
    """
    with journal.locked(place.state):
        _refuse_tuned(place)
        return _change(place, options, "reset", tell, check)


def reset(place: Place, tell: Tell) -> bool:
    """Put everything back; False if there was nothing to put back.

    Raises:
        ConfigurationError: a command runs with these settings, or the journal is not ours or is
            damaged.
        TuningError: some cannot be put back; the journal stays.
    """
    if not place.state.exists():
        return False
    with journal.locked(place.state):
        recorded = journal.read_journal(place.journal)
        if recorded is None:
            return False
        restore(place.root, place.journal, recorded, tell)
        return True


@contextmanager
def tuned(
    place: Place, options: TuneOptions, tell: Tell, check: Check = lambda: None
) -> Iterator[Changes]:
    """Change settings for as long as the block runs; what an earlier one left goes back first.

    Raises:
        ConfigurationError: as in :func:`tune`.
        TuningError: as in :func:`tune`, or some cannot be put back.
    """
    with journal.locked(place.state):
        _recover(place, tell)
        changes = _change(place, options, "command", tell, check)
        try:
            yield changes
        finally:
            recorded = journal.read_journal(place.journal)
            if recorded is not None:
                restore(place.root, place.journal, recorded, tell)


def _refuse_tuned(place: Place) -> None:
    recorded = journal.read_journal(place.journal)
    if recorded is None:
        return
    if recorded.began is None:
        place.journal.unlink()
        return
    raise ConfigurationError(
        f"settings are changed since {_when(recorded.began.at)}, as {place.journal} says",
        "put them back first: kenning-lego tune --reset",
    )


def _recover(place: Place, tell: Tell) -> None:
    """Put back what a command that crashed has left; refuse what somebody wants to last."""
    recorded = journal.read_journal(place.journal)
    if recorded is None:
        return
    if recorded.began is not None and recorded.began.until == "reset":
        _refuse_tuned(place)
    tell("a tuned command did not come to put its settings back; that comes first")
    restore(place.root, place.journal, recorded, tell)


def _change(place: Place, options: TuneOptions, until: Until, tell: Tell, check: Check) -> Changes:
    changes = plan_changes(place.root, options)
    for remark in changes.remarks:
        tell(remark)
    if not changes.any:
        return changes
    _refuse_unwritable(place.root, changes)
    recorded: Recorded | None = None
    with Journal(place.journal, journal.begin(place.root, until)) as written:
        try:
            _carry_out(place, options, changes, written, tell, check)
        except BaseException:
            recorded = journal.read_journal(place.journal)
            if recorded is not None:
                restore(place.root, place.journal, recorded, tell)
            raise
    return changes


def _carry_out(
    place: Place,
    options: TuneOptions,
    changes: Changes,
    written: Journal,
    tell: Tell,
    check: Check,
) -> None:
    root = place.root
    touched = remembered(root)
    for setting in touched:
        written.add(setting)
    if changes.mode:
        check()
        now, goal = changes.mode
        written.add(journal.Mode(now.number, goal.number))
        tell(f"nvpmodel: mode {now} -> {goal}")
        try:
            jetson.set_mode(root, goal.number)
        except TuningError as error:  # some modes come with a restart only
            tell(str(error))
    # Looked at again: another power mode may bring more cores.
    for setting in plan_changes(root, options).settings:
        check()
        written.add(setting)
        tell(f"/{setting.name}: {setting.before} -> {setting.after}")
        _write(root, setting)
        touched.append(setting)
    if changes.clocks:
        check()
        stored = stored_clocks(place.journal)
        jetson.store_clocks(root, stored)
        written.add(journal.Clocks())
        tell("jetson_clocks: all clocks at their highest")
        jetson.fix_clocks(root)
    values = {each.name: read_setting(root, each.name) for each in touched}
    written.add(
        journal.Reached({name: value for name, value in values.items() if value is not None})
    )


def _write(root: Path, setting: Setting) -> None:
    try:
        write_setting(root, setting.name, setting.after or "")
    except OSError as error:
        raise TuningError(f"cannot change /{setting.name}: {error.strerror}") from error


def _refuse_unwritable(root: Path, changes: Changes) -> None:
    for setting in changes.settings:
        path = root / setting.name
        if os.access(path, os.W_OK):
            continue
        if _is_root() or os.statvfs(path).f_flag & os.ST_RDONLY:
            raise ConfigurationError(
                f"/{setting.name} cannot be written here: {os.strerror(errno.EROFS)}",
                "in a container, tune the machine that it runs on",
            )
        raise ConfigurationError(
            f"changing /{setting.name} needs root",
            'sudo "$(command -v kenning-lego)" tune; --dry-run shows what it would change',
        )


def _is_root() -> bool:
    return os.geteuid() == 0


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
