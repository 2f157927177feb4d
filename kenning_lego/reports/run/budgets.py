"""Budgets in words."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.records import BudgetRecord
from kenning_lego.reports.formatting import ENERGY_NJ, NO_BREAK, SIZE_BYTES, TIME_NS, quantity


def bounds(budget: BudgetRecord, changed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Each bound of a budget; empty when it bounds nothing.

    Args:
        budget: whose bounds.
        changed: names of those that had to be relaxed, which is said of them.
    """
    latency_ns = None if budget.latency_ms is None else budget.latency_ms * 1e6
    energy_nj = None if budget.energy_mj is None else budget.energy_mj * 1e6
    texts = {
        "latency": quantity(latency_ns, TIME_NS, 4, trim=True),
        "memory": quantity(budget.memory_bytes, SIZE_BYTES, 4, trim=True),
        "energy": quantity(energy_nj, ENERGY_NJ, 4, trim=True),
    }
    return tuple(
        f"{name}{NO_BREAK}≤{NO_BREAK}{text}{' (relaxed)' if name in changed else ''}"
        for name, text in texts.items()
        if text
    )


def in_the_way(conflicts: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Which bounds cannot be kept together, in words."""
    for each in conflicts:
        if len(each) == 1:
            yield f"Too tight by itself: {each[0]}."
        elif each:
            yield f"Not to be kept together: {', '.join(each)}."
