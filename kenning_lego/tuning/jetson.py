"""NVIDIA's two programs for a Jetson's power: nvpmodel and jetson_clocks.

What they take and print is that of the Jetson Linux Developer Guide, "Platform Power and
Performance".
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.kernel_files import read_text

NVPMODEL = "usr/sbin/nvpmodel"
JETSON_CLOCKS = "usr/bin/jetson_clocks"

_PATIENCE_S = 60.0
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_MODEL = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>")


class TuningError(KenningLegoError):
    """A setting could not be changed or put back."""


@dataclass(frozen=True, slots=True)
class PowerMode:
    """One of a board's power modes."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.number} ({self.name})" if self.name else str(self.number)


def present_mode(root: Path) -> PowerMode | None:
    """The power mode that the board is in; None where there is none to ask for."""
    if not (root / NVPMODEL).is_file():
        return None
    try:
        text = _run(root, NVPMODEL, "-q")
    except TuningError:
        return None
    numbers = re.findall(r"^\s*(\d{1,4})\s*$", text, re.MULTILINE)
    name = re.search(r"NV Power Mode:[ \t]*(\S+)", text)
    return PowerMode(int(numbers[-1]), name.group(1) if name else "") if numbers else None


def power_modes(root: Path) -> list[PowerMode]:
    """The modes in the board's nvpmodel.conf."""
    text = read_text(root / "etc/nvpmodel.conf")
    return [PowerMode(int(number), name) for number, name in _MODEL.findall(text)]


def fastest_mode(modes: Sequence[PowerMode]) -> PowerMode | None:
    """The mode without a power budget: NVIDIA names it MAXN, and MAXN_SUPER where it exists."""
    unlimited = [mode for mode in modes if mode.name.startswith("MAXN")]
    preferred = ("MAXN_SUPER", "MAXN")
    ordered = [mode for name in preferred for mode in unlimited if mode.name == name]
    return next(iter([*ordered, *unlimited]), None)


def set_mode(root: Path, number: int) -> None:
    """Switch the power mode; a question whether to restart is not answered.

    Raises:
        TuningError: nvpmodel refuses, or the board is not in that mode afterwards.
    """
    _run(root, NVPMODEL, "-m", str(number))
    now = present_mode(root)
    if now is None or now.number != number:
        raise TuningError(
            f"nvpmodel did not change to mode {number}",
            f"it may want a restart: sudo nvpmodel -m {number}",
        )


def has_fixed_clocks(root: Path) -> bool:
    """Whether jetson_clocks is here."""
    return (root / JETSON_CLOCKS).is_file()


def store_clocks(root: Path, file: Path) -> None:
    """Have the present clocks written to a file, from which :func:`restore_clocks` takes them.

    Raises:
        TuningError: jetson_clocks fails.
    """
    file.unlink(missing_ok=True)  # it would ask whether to overwrite it
    _run(root, JETSON_CLOCKS, "--store", str(file))


def fix_clocks(root: Path) -> None:
    """Have all clocks at their highest.

    Raises:
        TuningError: jetson_clocks fails.
    """
    _run(root, JETSON_CLOCKS)


def restore_clocks(root: Path, file: Path) -> None:
    """Put back the clocks that were stored.

    Raises:
        TuningError: jetson_clocks fails.
    """
    _run(root, JETSON_CLOCKS, "--restore", str(file))


def _run(root: Path, program: str, *arguments: str) -> str:
    """Run a program by its full path, away from our terminal and its signals."""
    name = Path(program).name
    try:
        done = subprocess.run(
            [str(root / program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_ENVIRONMENT,
            timeout=_PATIENCE_S,
            start_new_session=True,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise TuningError(f"{name} took longer than {_PATIENCE_S:g} s") from error
    except OSError as error:
        raise TuningError(f"cannot run {name}: {error.strerror}") from error
    if done.returncode:
        said = " ".join(done.stdout.split())[:200]
        raise TuningError(f"{' '.join([name, *arguments[:1]])} failed: {said or done.returncode}")
    return done.stdout
