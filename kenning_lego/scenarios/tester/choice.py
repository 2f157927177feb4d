"""From profiled segments and budgets to configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kenning_lego.core.errors import ModelError
from kenning_lego.core.records import (
    BudgetRecord,
    ConfigurationRecord,
    MemoryTerm,
    RelaxationRecord,
    SegmentRecord,
    VariantRecord,
)
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.scenarios.tester.configuration import BudgetConfig
from kenning_lego.selection.problem import Block, Budget, Choice, Option, Problem, evaluate
from kenning_lego.selection.select import Selected, select

ORIGINAL = "original"
"""Name of the configuration without any stand-in."""


def pose_problem(
    segments: Sequence[SegmentRecord],
    latencies_ms: Mapping[str, float],
    memory: MemoryTerm = "artifact",
) -> Problem:
    """What there is to choose from.

    Args:
        segments: the chain with profiled variants.
        latencies_ms: median latency by variant name.
        memory: which figure of a variant counts as its memory.

    Raises:
        ModelError: a variant has no accuracy cost, or its memory was not measured.
    """
    blocks = []
    fixed_latency, fixed_memory = 0.0, 0
    for segment in segments:
        options = []
        for variant in segment.variants:
            if segment.scalable and variant.accuracy_cost is None:
                raise ModelError(f"variant {variant.name} was not profiled", "profile it first")
            options.append(
                Option(
                    variant.name,
                    variant.accuracy_cost or 0.0,
                    latencies_ms[variant.name],
                    _memory(variant, memory),
                )
            )
        if segment.scalable:
            blocks.append(Block(segment.name, tuple(options)))
        else:
            fixed_latency += options[0].latency_ms
            fixed_memory += options[0].memory_bytes
    return Problem(tuple(blocks), fixed_latency, fixed_memory)


def _memory(variant: VariantRecord, term: MemoryTerm) -> int:
    memory = variant.memory_bytes(term)
    if memory is None:
        raise ModelError(
            f"the memory ({term}) of variant {variant.name} was not measured",
            f"measure it with --measurement.memory {term}",
        )
    return memory


def choose(
    problem: Problem,
    budgets: Sequence[BudgetConfig],
    predict: Predictor,
) -> list[ConfigurationRecord]:
    """The original and, for every budget, the best configuration or why there is none.

    Args:
        problem: what there is to choose from.
        budgets: one configuration is chosen for each.
        predict: what becomes of a choice.
    """
    original = original_choice(problem)
    configurations = [
        ConfigurationRecord(
            name=ORIGINAL,
            budget=BudgetRecord(),
            feasible=True,
            variants=dict(original.variants),
            predicted=predict(original),
        )
    ]
    for number, wanted in enumerate(budgets, 1):
        budget = absolute_budget(wanted, original)
        answer = select(problem, budget)
        common = {"name": f"budget-{number}", "budget": budget_record(budget)}
        if isinstance(answer, Selected):
            configuration = ConfigurationRecord(
                **common,
                feasible=True,
                variants=dict(answer.choice.variants),
                predicted=predict(answer.choice),
                solver=answer.solver,
                solve_ms=round(answer.seconds * 1e3, 3),
                gap=answer.gap,
            )
        else:
            nearest = tuple(
                RelaxationRecord(
                    changed=each.changed,
                    budget=budget_record(each.demand.budget),
                    variants=dict(each.answer.variants),
                    predicted=predict(each.answer),
                )
                for each in answer.nearest
            )
            configuration = ConfigurationRecord(
                **common, feasible=False, conflicts=answer.conflicts, nearest=nearest
            )
        configurations.append(configuration)
    return configurations


def original_choice(problem: Problem) -> Choice:
    """The network without any stand-in: every block's first variant."""
    return evaluate(problem, {b.name: b.options[0].variant for b in problem.blocks})


def absolute_budget(budget: BudgetConfig, original: Choice) -> Budget:
    """Bounds with shares of the original's figures worked out."""
    latency = budget.latency_ms
    if budget.latency_share is not None:
        latency = budget.latency_share * original.latency_ms
    memory = None if budget.memory_mb is None else budget.memory_mb * 1e6
    if budget.memory_share is not None:
        memory = budget.memory_share * original.memory_bytes
    return Budget(latency, None if memory is None else int(memory))


def budget_record(budget: Budget) -> BudgetRecord:
    """Bounds as a record keeps them."""
    return BudgetRecord(
        latency_ms=budget.latency_ms,
        memory_bytes=budget.memory_bytes,
        energy_mj=budget.energy_mj,
    )
