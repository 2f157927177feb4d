"""Plain ways to choose, to compare with: label setting in Python, and an integer program by PuLP.

Neither is code of the project, so that a mistake there is none here.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

import pulp

from kenning_lego.selection.problem import Budget, Problem

Point = tuple[int, int, int]


def label_setting(problem: Problem) -> list[Point]:
    """The exact front's (accuracy cost, latency, memory), as plain Python finds it."""
    labels = [(0, problem.fixed.latency, problem.fixed.memory)]
    for options in problem.table:
        sums = sorted(
            (cost + option.cost, latency + option.latency, memory + option.memory)
            for cost, latency, memory in labels
            for option in options
        )
        labels = []
        latencies: list[int] = []
        memories: list[int] = []
        for label in sums:
            _, latency, memory = label
            before = bisect_right(latencies, latency)
            if before and memories[before - 1] <= memory:
                continue
            labels.append(label)
            start = bisect_left(latencies, latency, hi=before)
            stop = before
            while stop < len(memories) and memories[stop] >= memory:
                stop += 1
            latencies[start:stop] = [latency]
            memories[start:stop] = [memory]
    return labels


class IntegerProgram:
    """The model that anyone would write: one binary an option, two bounds, CBC.

    Args:
        problem: what to choose from.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        path = pulp.PULP_CBC_CMD.pulp_cbc_path
        self._engine = pulp.COIN_CMD(path=path, msg=False, gapRel=0)

    def solve(self, budget: Budget) -> list[int] | None:
        """The index of an option for each block; None if CBC finds none."""
        problem = self._problem
        model = pulp.LpProblem("plain", pulp.LpMinimize)
        variables = [
            [model.add_variable(f"x_{b}_{o}", cat=pulp.LpBinary) for o in range(len(block.options))]
            for b, block in enumerate(problem.blocks)
        ]

        def total(figure: str) -> pulp.LpAffineExpression:
            return pulp.lpSum(
                getattr(option, figure) * variable
                for block, row in zip(problem.blocks, variables, strict=True)
                for option, variable in zip(block.options, row, strict=True)
            )

        latency = math.inf if budget.latency_ms is None else budget.latency_ms
        memory = math.inf if budget.memory_bytes is None else budget.memory_bytes
        model += total("accuracy_cost")
        for row in variables:
            model += pulp.lpSum(row) == 1
        if latency < math.inf:
            model += total("latency_ms") <= latency - problem.fixed_latency_ms
        if memory < math.inf:
            model += total("memory_bytes") <= memory - problem.fixed_memory_bytes
        if model.solve(self._engine) != pulp.LpStatusOptimal:
            return None
        values = [[variable.value() or 0.0 for variable in row] for row in variables]
        return [max(range(len(row)), key=row.__getitem__) for row in values]
