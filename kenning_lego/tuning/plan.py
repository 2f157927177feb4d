"""What would be changed on this machine; nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import UnknownNameError
from kenning_lego.tuning import settings
from kenning_lego.tuning.jetson import (
    PowerMode,
    fastest_mode,
    has_fixed_clocks,
    power_modes,
    present_mode,
)
from kenning_lego.tuning.journal import Setting

FASTEST = "max"
KEEP = "keep"


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """What to change beyond the governors.

    Args:
        power_mode: name or number of the board's power mode; ``max`` for the one without a
            budget, ``keep`` for the present one.
        fixed_clocks: run jetson_clocks where it exists.
        turbo: leave frequencies beyond the base one allowed; they depend on heat and on what
            other cores do.
    """

    power_mode: str = FASTEST
    fixed_clocks: bool = True
    turbo: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """What would be changed.

    Args:
        settings: of the kernel, in order.
        mode: the present power mode and the one to change to; None to leave it.
        clocks: whether to fix the clocks.
        remarks: what cannot be changed, and why.
    """

    settings: tuple[Setting, ...]
    mode: tuple[PowerMode, PowerMode] | None
    clocks: bool
    remarks: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether there is anything to change."""
        return bool(self.settings or self.mode or self.clocks)


def plan_changes(root: Path, options: TuneOptions) -> Changes:
    """Look at the machine.

    Args:
        root: where ``sys``, ``usr`` and ``etc`` are.
        options: what is wanted.

    Raises:
        UnknownNameError: the board has no such power mode.
    """
    mode, mode_remarks = _mode_change(root, options.power_mode)
    governors, governor_remarks = _governors(root)
    turbo, turbo_remarks = ([], []) if options.turbo else _turbo(root)
    return Changes(
        settings=(*governors, *turbo),
        mode=mode,
        clocks=options.fixed_clocks and has_fixed_clocks(root),
        remarks=(*mode_remarks, *governor_remarks, *turbo_remarks),
    )


def remembered(root: Path) -> list[Setting]:
    """What other changes may bring along, as it is now."""
    names = [
        f"{policy}/{name}" for policy in settings.policies(root) for name in settings.REMEMBERED
    ]
    values = {name: settings.read_setting(root, name) for name in names}
    return [Setting(name, value, None) for name, value in values.items() if value is not None]


def _governors(root: Path) -> tuple[list[Setting], list[str]]:
    changes, remarks = [], []
    policies = settings.policies(root)
    for policy in policies:
        name = f"{policy}/{settings.GOVERNOR}"
        value = settings.read_setting(root, name)
        choices = root / policy / "scaling_available_governors"
        if value is None or value == settings.BEST_GOVERNOR:
            continue
        if choices.is_file() and settings.BEST_GOVERNOR not in choices.read_text().split():
            remarks.append(f"/{policy} has no governor {settings.BEST_GOVERNOR}")
            continue
        changes.append(Setting(name, value, settings.BEST_GOVERNOR))
    if not policies:
        remarks.append("the kernel does not control frequencies here, as in a virtual machine")
    return changes, remarks


def _turbo(root: Path) -> tuple[list[Setting], list[str]]:
    found = {name: settings.read_setting(root, name) for name in settings.TURBO_SWITCHES}
    changes = [
        Setting(name, value, settings.TURBO_SWITCHES[name])
        for name, value in found.items()
        if value is not None and value != settings.TURBO_SWITCHES[name]
    ]
    known = any(value is not None for value in found.values())
    return changes, [] if known else ["the kernel has no switch for turbo frequencies here"]


def _mode_change(root: Path, wanted: str) -> tuple[tuple[PowerMode, PowerMode] | None, list[str]]:
    now = None if wanted == KEEP else present_mode(root)
    if now is None:
        explicit = wanted not in (KEEP, FASTEST)
        return None, [f"no power mode {wanted}: this board has no nvpmodel"] if explicit else []
    modes = power_modes(root)
    if wanted == FASTEST:
        goal = fastest_mode(modes)
        if goal is None:
            return None, ["nvpmodel.conf names no mode MAXN; the power mode is left as it is"]
    else:
        goal = next((mode for mode in modes if wanted in (mode.name, str(mode.number))), None)
        if goal is None:
            raise UnknownNameError("power mode", wanted, [mode.name for mode in modes])
    return (None if goal.number == now.number else (now, goal)), []
