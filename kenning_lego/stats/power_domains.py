"""Which of a target's sensors of power and energy add up to its own figure, none counted twice.

Sources: NVIDIA's Jetson Linux guide for the rails (``VDD_IN`` and ``POM_5V_IN`` are what goes into
the module; a Jetson AGX has no such rail, its inputs are told apart); the kernel's
Documentation/power/powercap/powercap.rst for RAPL, whose zones contain their parts.
"""

from __future__ import annotations

from collections.abc import Iterable

from kenning_lego.core.telemetry import place_of, quantity_of

_TOTALS = ("VDD_IN", "POM_5V_IN")
_INPUTS = (
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),
)
"""Of a Jetson AGX Orin, whose fourth rail may be fed by the third, and of a Jetson AGX Xavier."""

_CARD = "nvidia"
_PLATFORM = "psys"


def domains_of(keys: Iterable[str]) -> tuple[str, ...]:
    """Keys of columns of power and energy whose sum tells what the target uses.

    * A board's rails: the one that all others are behind; else those that go into the module, of
      the boards where that is known; else a rail that is the only one.
    * Otherwise RAPL's packages without their parts (the whole platform only if there is nothing
      else), and NVIDIA's cards, by their counter rather than their power.

    Args:
        keys: of columns, others than of power and energy too.

    Returns:
        None at all where there is no such sensor, or rails of which it is not known what is
        behind what.
    """
    known = dict.fromkeys(keys)
    rails = [
        place_of(key)
        for key in known
        if quantity_of(key) == "power_mw" and not place_of(key).startswith(_CARD)
    ]
    if rails:
        return tuple(f"power_mw.{rail}" for rail in _whole(rails))
    zones = [place_of(key) for key in known if quantity_of(key) == "energy_uj"]
    cards = [zone for zone in zones if zone.startswith(_CARD)]
    processors = _outermost([zone for zone in zones if not zone.startswith(_CARD)])
    by_power = [
        key
        for key in known
        if quantity_of(key) == "power_mw" and f"energy_uj.{place_of(key)}" not in known
    ]
    return (*(f"energy_uj.{zone}" for zone in (*processors, *cards)), *by_power)


def _whole(rails: list[str]) -> tuple[str, ...]:
    for total in _TOTALS:
        if total in rails:
            return (total,)
    for inputs in _INPUTS:
        if set(inputs) <= set(rails):
            return inputs
    return tuple(rails) if len(rails) == 1 else ()


def _outermost(zones: list[str]) -> list[str]:
    """Those that are no part of another: a part's name begins with that of the whole."""
    whole = [zone for zone in zones if not any(zone.startswith(f"{other}-") for other in zones)]
    return [zone for zone in whole if zone != _PLATFORM] or whole
