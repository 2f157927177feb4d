"""A pipeline's front for tests, and a stand-in for what carries decisions out."""

from __future__ import annotations

from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.decisions import Decision
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Block, Option, Problem

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)


def small_front(blocks: int = 4, megabytes: int = 1) -> Front:
    """Blocks of 10 ms in all, of growing sizes; the later a block, the dearer it is to shrink."""
    return pareto_front(
        Problem(
            tuple(
                Block(
                    f"block{number}",
                    tuple(
                        Option(
                            f"block{number}@{ratio}",
                            0.02 * number * ratio**2,
                            10 / blocks * (1 - 0.8 * ratio),
                            int(megabytes * 1_000_000 * number * (1 - ratio)),
                        )
                        for ratio in RATIOS
                    ),
                )
                for number in range(1, blocks + 1)
            )
        )
    )


def carry_out(controller: Controller, decisions: list[Decision], now: float) -> None:
    for decision in decisions:
        if decision.reason != "bounds":
            controller.switched(decision.name, decision.point, now)


def settle(controller: Controller, now: float, rounds: int = 20) -> list[Decision]:
    """Carry decisions out until there are none; all that were made."""
    made: list[Decision] = []
    for _ in range(rounds):
        decisions = controller.decide(now)
        if not decisions:
            return made
        carry_out(controller, decisions, now)
        made += decisions
    raise AssertionError(f"still deciding after {rounds} rounds: {decisions[-1]}")
