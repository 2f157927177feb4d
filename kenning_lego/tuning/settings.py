"""The kernel's settings that we may change: their files, and the values that these may take.

Only what stands here is ever written, whatever a journal says. Files and values are those of the
kernel's Documentation/admin-guide/pm/cpufreq.rst and intel_pstate.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.kernel_files import numbered, read_text

GOVERNOR = "scaling_governor"
BEST_GOVERNOR = "performance"
REMEMBERED = ("energy_performance_preference", "scaling_min_freq", "scaling_max_freq")
"""Of each policy: what changes along with governor, power mode or fixed clocks."""

_CPU = "sys/devices/system/cpu"
_POLICIES = f"{_CPU}/cpufreq"
TURBO_SWITCHES: Mapping[str, str] = {
    f"{_CPU}/intel_pstate/no_turbo": "1",
    f"{_CPU}/cpufreq/boost": "0",
}
"""Files that allow frequencies beyond the base one, and their value when they do not."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FREQUENCY = re.compile(r"[0-9]{1,9}")
_SWITCH = re.compile(r"[01]")
_KNOWN: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(rf"{_POLICIES}/policy[0-9]{{1,4}}/{GOVERNOR}"), _WORD),
    (
        re.compile(rf"{_POLICIES}/policy[0-9]{{1,4}}/energy_performance_preference"),
        re.compile(r"[a-z0-9_]{1,32}"),
    ),
    (re.compile(rf"{_POLICIES}/policy[0-9]{{1,4}}/scaling_(min|max)_freq"), _FREQUENCY),
    *((re.compile(re.escape(name)), _SWITCH) for name in TURBO_SWITCHES),
)


def check_setting(name: str, value: str) -> None:
    """Refuse what is not one of our settings with one of its values.

    Args:
        name: the file, relative to the root, such as
            ``sys/devices/system/cpu/cpufreq/policy0/scaling_governor``.
        value: its content.

    Raises:
        ConfigurationError: it is another file, or another kind of value.
    """
    for names, values in _KNOWN:
        if names.fullmatch(name):
            if values.fullmatch(value):
                return
            raise ConfigurationError(f"{value[:40]!r} is no value for /{name}")
    raise ConfigurationError(f"{name[:120]!r} is not a setting that is ever changed")


def policies(root: Path) -> list[str]:
    """Directories of cores that share a frequency, relative to the root, in order."""
    return [str(path.relative_to(root)) for path in numbered(root / _POLICIES, "policy[0-9]*")]


def read_setting(root: Path, name: str) -> str | None:
    """The setting's value; None if the machine has none, or has one that is not known here."""
    value = read_text(root / name)
    try:
        check_setting(name, value)
    except ConfigurationError:
        return None
    return value


def write_setting(root: Path, name: str, value: str) -> None:
    """Change a setting.

    Raises:
        ConfigurationError: it is not one of ours.
        OSError: the kernel refuses.
    """
    check_setting(name, value)
    descriptor = os.open(root / name, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    try:
        os.write(descriptor, f"{value}\n".encode())
    finally:
        os.close(descriptor)
