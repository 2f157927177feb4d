"""What decides how fast the processor runs."""

from __future__ import annotations

import time
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.kernel_files import numbered, read_integer, read_text
from kenning_lego.operations.doctor.facts import FrequencyPolicy, Power
from kenning_lego.tuning import jetson
from kenning_lego.tuning.journal import FILE_NAME
from kenning_lego.tuning.settings import TURBO_SWITCHES, read_setting
from kenning_lego.tuning.tune import SYSTEM_STATE, default_state


def look_at_frequencies(root: Path) -> tuple[FrequencyPolicy, ...]:
    """Each group of cores that share a frequency; none where the kernel does not control them."""
    return tuple(
        FrequencyPolicy(
            name=path.name,
            cores=read_text(path / "affected_cpus") or read_text(path / "related_cpus"),
            governor=read_text(path / "scaling_governor"),
            governors=tuple(read_text(path / "scaling_available_governors").split()),
            min_khz=read_integer(path / "scaling_min_freq"),
            max_khz=read_integer(path / "scaling_max_freq"),
            current_khz=read_integer(path / "scaling_cur_freq"),
            hardware_max_khz=read_integer(path / "cpuinfo_max_freq"),
        )
        for path in numbered(root / "sys/devices/system/cpu/cpufreq", "policy[0-9]*")
    )


def look_at_power(root: Path) -> Power:
    """Turbo, the board's power mode, and whether settings are changed just now."""
    mode = jetson.present_mode(root)
    return Power(
        turbo=_turbo(root),
        mode=mode.name if mode else None,
        mode_number=mode.number if mode else None,
        nvpmodel=(root / jetson.NVPMODEL).is_file(),
        jetson_clocks=jetson.has_fixed_clocks(root),
        tuned=_tuned_since(root),
    )


def _turbo(root: Path) -> bool | None:
    for name, off in TURBO_SWITCHES.items():
        value = read_setting(root, name)
        if value is not None:
            return value != off
    return None


def _tuned_since(root: Path) -> str | None:
    try:
        own = default_state()
    except KenningLegoError:  # no home directory, no journal in it
        own = SYSTEM_STATE
    for state in {own, SYSTEM_STATE}:
        journal = root / state.relative_to("/") / FILE_NAME
        try:
            changed = journal.stat().st_mtime
        except OSError:
            continue
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(changed))
    return None
