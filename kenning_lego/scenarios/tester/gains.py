"""What mixing bought: for every budget the best of one precision, of one ratio, and of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kenning_lego.core.mixing_records import ChoiceRecord, GainRecord, Part
from kenning_lego.core.records import (
    ConfigurationRecord,
    ScoreRecord,
    SegmentRecord,
    VariantRecord,
)
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.selection.problem import Block, Budget, Problem
from kenning_lego.selection.search import best_choice

PARTS: tuple[Part, ...] = ("ratios", "precisions", "mixed")


def part_of(problem: Problem, segments: Sequence[SegmentRecord], part: Part) -> Problem:
    """The same with a part of the variants to choose from.

    Args:
        problem: of all variants.
        segments: with these variants.
        part: which of them; see :data:`kenning_lego.core.mixing_records.Part`.
    """
    variants = {each.name: each for segment in segments for each in segment.variants}
    blocks = tuple(
        Block(
            block.name,
            tuple(each for each in block.options if _is_of(variants[each.variant], part)),
        )
        for block in problem.blocks
    )
    return replace(problem, blocks=blocks)


def _is_of(variant: VariantRecord, part: Part) -> bool:
    kept = {"ratios": not variant.way, "precisions": variant.kind == "original", "mixed": True}
    return kept[part]


def find_gains(
    problem: Problem,
    segments: Sequence[SegmentRecord],
    configurations: Sequence[ConfigurationRecord],
    predict: Predictor,
) -> tuple[GainRecord, ...]:
    """What each part of the variants gives for every budget.

    Args:
        problem: of all variants.
        segments: with these variants.
        configurations: chosen for the budgets; those without a bound are left out.
        predict: what becomes of a choice.
    """
    parts = {part: part_of(problem, segments, part) for part in PARTS}
    gains = []
    for each in configurations:
        bounds = each.budget
        budget = Budget(bounds.latency_ms, bounds.memory_bytes, bounds.energy_mj)
        if budget == Budget():
            continue
        choices = tuple(_choice(part, parts[part], budget, predict) for part in PARTS)
        gains.append(GainRecord(configuration=each.name, choices=choices))
    return tuple(gains)


def _choice(part: Part, problem: Problem, budget: Budget, predict: Predictor) -> ChoiceRecord:
    choice = best_choice(problem, budget)
    if choice is None:
        return ChoiceRecord(part=part, feasible=False)
    predicted = predict(choice)
    return ChoiceRecord(
        part=part,
        feasible=True,
        variants=dict(choice.variants),
        accuracy_cost=choice.accuracy_cost,
        latency_ms=predicted.latency_ms,
        memory_bytes=predicted.memory_bytes,
        score=predicted.score,
    )


def peers_of(
    gains: Sequence[GainRecord], configurations: Sequence[ConfigurationRecord]
) -> list[ConfigurationRecord]:
    """The choices of a part that no configuration is yet, as configurations to be measured.

    Args:
        gains: what each part gives.
        configurations: that are measured in any case.
    """
    budgets = {each.name: each.budget for each in configurations}
    known = [dict(each.variants) for each in configurations if each.feasible]
    found = []
    for gain in gains:
        for choice in gain.choices:
            if not choice.feasible or dict(choice.variants) in known:
                continue
            known.append(dict(choice.variants))
            found.append(
                ConfigurationRecord(
                    name=f"{gain.configuration}-{choice.part}",
                    budget=budgets[gain.configuration],
                    feasible=True,
                    variants=choice.variants,
                    predicted=ScoreRecord(
                        latency_ms=choice.latency_ms,
                        memory_bytes=choice.memory_bytes,
                        score=choice.score,
                    ),
                )
            )
    return found


def with_runs(
    gains: Sequence[GainRecord], configurations: Sequence[ConfigurationRecord]
) -> tuple[GainRecord, ...]:
    """The gains with the names of the configurations that were measured."""
    measured = {
        _key(each.variants): each.name for each in reversed(configurations) if each.measured
    }
    return tuple(
        gain.model_copy(
            update={
                "choices": tuple(
                    each.model_copy(update={"configuration": measured.get(_key(each.variants))})
                    for each in gain.choices
                )
            }
        )
        for gain in gains
    )


def _key(variants: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(variants.items()))
