"""What a deployment can build on: a board's Python, engine and service, or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kenning_lego.deployment.bundle import Bundle, Engine
from kenning_lego.deployment.errors import BoardUnfitError
from kenning_lego.deployment.facts import BoardFacts, BoardPython
from kenning_lego.deployment.platforms import OLDEST_PYTHON, dotted, parse_version

Service = Literal["user", "system", "none"]

# Wheels and what is in them, as bundles for 64-bit ARM had it in 2026.
_ONLINE_BYTES: dict[Engine, tuple[int, int]] = {
    "none": (25_000_000, 80_000_000),
    "onnxruntime": (45_000_000, 145_000_000),
    "tflite": (40_000_000, 125_000_000),
}
_COMPILED = 1.3
"""What compiled modules add to unpacked wheels."""
_SLACK_BYTES = 32_000_000
_DEFAULT_ENGINE: Engine = "onnxruntime"
# What neither systemd's units nor venv's scripts take in a path without ado.
_AWKWARD = re.compile(r"[\x00-\x1f\x7f\"'\\$%:;]")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted.

    Args:
        engine: to install; None leaves it to what is found.
        python: the board's Python, a version or a path; None takes the best.
        service: of which kind.
        offline: whether the board must do without an index.
    """

    engine: Engine | None = None
    python: str | None = None
    service: Service = "user"
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """What a deployment builds on.

    Args:
        python: to use.
        engine: to install.
        sees_system: whether the environment sees the system's packages.
    """

    python: BoardPython
    engine: Engine
    sees_system: bool


def find_ground(facts: BoardFacts, wish: Wish) -> Ground:
    """Check a board for what it cannot do without.

    Raises:
        BoardUnfitError: something is missing; says how to get it.
    """
    if facts.system != "Linux":
        raise BoardUnfitError(f"the board runs {facts.system}", "a target needs Linux")
    if not facts.writable:
        raise BoardUnfitError(
            f"{facts.user} cannot write {facts.base} there", "name another --directory"
        )
    if _AWKWARD.search(facts.base):
        raise BoardUnfitError(
            f"the directory {facts.base!r} has a character in it that services cannot take",
            "name another --directory",
        )
    if "sha256sum" not in facts.tools:
        raise BoardUnfitError("the board has no sha256sum", "install coreutils there")
    _check_service(facts, wish.service)
    if wish.service in facts.units and wish.service not in facts.own_units():
        raise BoardUnfitError(
            f"there is a {wish.service} service kenning-lego already, for another directory",
            "name its --directory, remove it first, or --no-service",
        )
    python = _choose_python(facts, wish)
    # A Jetson's engine comes from NVIDIA as a wheel for the system's Python.
    vendor = bool(python.gpu_engine) and wish.engine is None
    engine: Engine = "none" if vendor else wish.engine or _DEFAULT_ENGINE
    return Ground(python, engine, sees_system=vendor)


def check_bundle(facts: BoardFacts, ground: Ground, bundle: Bundle) -> None:
    """Refuse a bundle that was made for another board or engine.

    Raises:
        BoardUnfitError: it does not fit.
    """
    made_for = bundle.platform
    if made_for is None or bundle.engine != ground.engine:
        raise BoardUnfitError(
            f"{bundle.directory} has engine {bundle.engine}, and {ground.engine} is wanted",
            f"--engine {bundle.engine}, or make another bundle",
        )
    board = facts.platform(ground.python)
    alike = (made_for.architecture, made_for.python, made_for.libc.kind) == (
        board.architecture, board.python, board.libc.kind,
    )  # fmt: skip
    if not alike or made_for.libc.version > board.libc.version:
        raise BoardUnfitError(
            f"{bundle.directory} was made for {made_for}, and the board has {board}",
            "make a bundle for this board, or leave out --bundle",
        )


def space_of(bundle: Bundle, engine: Engine) -> tuple[int, int]:
    """Bytes of the wheels and of all that is in them; of what an index would give, a guess."""
    if bundle.platform is not None:
        return bundle.size, bundle.unpacked
    return _ONLINE_BYTES[engine]


def check_space(facts: BoardFacts, wheel_bytes: int, unpacked_bytes: int) -> None:
    """Refuse to begin what the board's disk cannot hold.

    Args:
        facts: of the board.
        wheel_bytes: to be sent.
        unpacked_bytes: that they become, before modules are compiled.

    Raises:
        BoardUnfitError: there is too little space.
    """
    needed = wheel_bytes + int(unpacked_bytes * _COMPILED) + _SLACK_BYTES
    if facts.free_bytes < needed:
        raise BoardUnfitError(
            f"{facts.base} has {facts.free_bytes / 1e6:.0f} MB free, and "
            f"{needed / 1e6:.0f} MB are needed",
            "free some space there, or name another --directory",
        )


def _check_service(facts: BoardFacts, service: Service) -> None:
    if service == "none":
        return
    if not facts.systemd:
        raise BoardUnfitError(
            "systemd does not run there",
            "--no-service installs all the same and says how to start the server",
        )
    if service not in facts.systemd:
        other = (
            "--system makes a system service instead" if service == "user" else "leave out --system"
        )
        raise BoardUnfitError(
            f"{facts.user} has no systemd of the {service} there", f"{other}, or --no-service"
        )
    if service == "system" and not facts.root:
        raise BoardUnfitError(
            f"a system service takes root, and sudo asks {facts.user} for a password",
            "deploy without --system, as root, or allow sudo without a password",
        )


def _choose_python(facts: BoardFacts, wish: Wish) -> BoardPython:
    """The one whose engine came from NVIDIA, or else the newest that will do."""
    found = [python for python in facts.pythons if _is_wanted(python, wish.python)]
    fit = [python for python in found if python.version >= OLDEST_PYTHON]
    fit = [python for python in fit if python.implementation == "CPython"]
    if not fit:
        raise _no_python(facts.pythons, wish.python)
    complete = [python for python in fit if python.has_venv]
    if not complete:
        raise BoardUnfitError(
            f"{fit[0].path} has no module venv", "apt install python3-venv on the board"
        )
    return max(complete, key=lambda each: (bool(each.gpu_engine), each.version))


def _is_wanted(python: BoardPython, wanted: str | None) -> bool:
    # A path was the only one that the board was asked for.
    if wanted is None or not is_version(wanted):
        return True
    return python.version == parse_version(wanted, "Python")


def is_version(python: str) -> bool:
    """Whether this names a Python by its version, not by its path."""
    return re.fullmatch(r"\d+\.\d+", python) is not None


def _no_python(found: tuple[BoardPython, ...], wanted: str | None) -> BoardUnfitError:
    there = ", ".join(f"{each.implementation} {dotted(each.version)}" for each in found)
    what = f"Python {wanted}" if wanted else f"Python {dotted(OLDEST_PYTHON)} or newer"
    return BoardUnfitError(
        f"there is no {what} on the board" + (f", only {there}" if there else ""),
        "apt install python3 where the distribution is new enough, or name one with --python",
    )
