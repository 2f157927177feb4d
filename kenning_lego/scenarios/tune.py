"""Set governors and power mode for a measurement, and put everything back afterwards.

`kenning-lego tune` changes settings until `kenning-lego tune --reset`;
`kenning-lego tune -- COMMAND ...` changes them for as long as the command runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import INTERRUPTED, run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.tuning.command import Signals
from kenning_lego.tuning.journal import FILE_NAME
from kenning_lego.tuning.plan import FASTEST, TuneOptions, plan_changes
from kenning_lego.tuning.tune import SYSTEM_STATE, Place, default_state, reset, tune, tuned


class TuneConfig(Component):
    """What to do."""

    reset: bool = False
    """Put back what was changed."""
    dry_run: bool = False
    """Say what would be changed; needs no root."""
    power_mode: str = FASTEST
    """Of a board with nvpmodel: a mode's name or number, max, or keep."""
    fixed_clocks: bool = True
    """Run jetson_clocks where it exists."""
    turbo: bool = True
    """Allow frequencies beyond the base one; they depend on heat and on what other cores do."""
    state: Path | None = None
    """Directory of the journal; by default in /var/lib for root, else in ~/.local/state."""

    def options(self) -> TuneOptions:
        """What to change."""
        return TuneOptions(self.power_mode, self.fixed_clocks, self.turbo)


def main(arguments: Sequence[str]) -> int:
    """Change settings, put them back, or both around a command."""
    return tune_machine(arguments, Path("/"))


def tune_machine(arguments: Sequence[str], root: Path) -> int:
    """The same for the machine whose ``sys`` is in that directory.

    Returns:
        The command's exit code if there is one.
    """
    own, command = _split(arguments)
    config = parse_configuration(
        TuneConfig,
        own,
        program="kenning-lego tune",
        description=__doc__ or "",
        example="kenning-lego tune -- kenning-lego test scenario.yaml",
    )
    if command is not None and (config.reset or config.dry_run or not command):
        problem = "a command goes with neither --reset nor --dry-run" if command else "no command"
        raise ConfigurationError(problem, "kenning-lego tune -- COMMAND ...")
    place = Place(root, (config.state or default_state()).absolute())
    if config.dry_run:
        _show(root, config.options())
        return 0
    signals = Signals()
    with signals.handled():
        if config.reset:
            if not reset(place, _tell):
                current().tell(f"nothing to put back{_hint(place)}")
            return 0
        if command is not None:
            return _run_tuned(place, config.options(), command, signals)
        if tune(place, config.options(), _tell, signals.check).any:
            current().tell("put it back with: kenning-lego tune --reset")
        else:
            current().tell("nothing to change")
        return 0


def _run_tuned(place: Place, options: TuneOptions, command: Sequence[str], signals: Signals) -> int:
    with tuned(place, options, _tell, signals.check) as changes:
        if not changes.any:
            _tell("nothing to change")
        code = signals.run(command)
    return INTERRUPTED if signals.received is not None else code


def _hint(place: Place) -> str:
    """Where else a journal lies, for a user who has tuned as root and resets as oneself."""
    roots = place.root / SYSTEM_STATE.relative_to("/") / FILE_NAME
    if roots == place.journal or not roots.exists():
        return ""
    return f"; but root has changed settings, as {roots} says: run this with sudo"


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str] | None]:
    if "--" not in arguments:
        return arguments, None
    at = list(arguments).index("--")
    return arguments[:at], arguments[at + 1 :]


def _show(root: Path, options: TuneOptions) -> None:
    changes = plan_changes(root, options)
    tell = current().tell
    tell(*changes.remarks)
    if changes.mode:
        tell("would change nvpmodel: mode {} -> {}".format(*changes.mode))
    for setting in changes.settings:
        tell(f"would change /{setting.name}: {setting.before} -> {setting.after}")
    if changes.clocks:
        tell("would run jetson_clocks: all clocks at their highest")
    if not changes.any:
        tell("nothing to change")


def _tell(line: str) -> None:
    # The command's output is its own.
    if current().for_people:
        print(f"tune: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
