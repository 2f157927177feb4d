"""What can be asked of a choice beyond upper bounds, for one network or for several."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.selection.checks import check_unique, is_within
from kenning_lego.selection.problem import Block, Budget, Problem
from kenning_lego.selection.units import LARGEST

Goal = Literal["accuracy", "latency", "memory", "energy"]
"""What is made as small as it can be; for accuracy, its cost."""

Fairness = Literal["sum", "max-min"]
"""The least weighted sum; or the least worst, then the least next worst, and so on."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_UNBOUNDED = Budget()


@dataclass(frozen=True, slots=True)
class Constraint:
    """A linear constraint: a sum of coefficients over the chosen variants, within bounds.

    Args:
        name: what to call it when it is in the way.
        coefficients: by block and variant, counted in units of 1e-9; 0 for what is not named.
        at_most: upper bound, if any.
        at_least: lower bound, if any; equal to the upper one for an equality.

    Raises:
        UsageError: there is no bound, or a number is not finite.
    """

    name: str
    coefficients: Mapping[str, Mapping[str, float]]
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        bounds = [each for each in (self.at_most, self.at_least) if each is not None]
        if not bounds:
            raise UsageError(f"the constraint {self.name!r} has no bound", "give at_most")
        numbers = [value for some in self.coefficients.values() for value in some.values()]
        for value in (*numbers, *bounds):
            if not is_within(value, -LARGEST):
                raise UsageError(
                    f"the constraint {self.name!r} has the number {value!r}",
                    f"give numbers of magnitude up to {LARGEST}",
                )


def at_most(count: int, variants: Mapping[str, Collection[str]], name: str) -> Constraint:
    """At most `count` blocks get one of these variants, which are given by block."""
    ones = {block: dict.fromkeys(names, 1.0) for block, names in variants.items()}
    return Constraint(name, ones, at_most=count)


def alike(first: str, second: str, labels: Mapping[str, Mapping[str, Hashable]]) -> Constraint:
    """Two blocks get variants of the same label, such as the same ratio.

    Args:
        first: name of a block.
        second: name of another block.
        labels: by block and variant; variants that are not named have one label in common.
    """
    every = dict.fromkeys(each for block in (first, second) for each in labels[block].values())
    numbers = {label: number for number, label in enumerate(every, 1)}
    return Constraint(
        f"{first} and {second} alike",
        {
            block: {variant: sign * numbers[label] for variant, label in labels[block].items()}
            for block, sign in ((first, 1.0), (second, -1.0))
        },
        at_most=0.0,
        at_least=0.0,
    )


@dataclass(frozen=True, slots=True)
class Switching:
    """What it costs to leave the configuration that is running, added to the goal.

    Args:
        running: variant name by block name, one for every block.
        per_mb: for every 10^6 bytes of variants to load, in the goal's unit (the metric's, ms,
            bytes or mJ).
        per_block: for every block that changes, in the same unit.

    Raises:
        UsageError: a cost is negative or not finite.
    """

    running: Mapping[str, str]
    per_mb: float = 0.0
    per_block: float = 0.0

    def __post_init__(self) -> None:
        if not (is_within(self.per_mb, 0) and is_within(self.per_block, 0)):
            raise UsageError(
                f"switching costs {self.per_mb!r} a MB and {self.per_block!r} a block",
                "give numbers from 0",
            )


@dataclass(frozen=True, slots=True)
class Demand:
    """What is wanted of one network.

    Args:
        budget: upper bounds on latency, memory and energy.
        goal: what to minimise. Ties go to the lower accuracy cost, latency, memory and energy,
            in this order.
        max_accuracy_cost: upper bound on the sum of accuracy costs, if any.
        forced: variants that must be chosen, by block.
        forbidden: variants that must not be, by block.
        constraints: further linear ones; names are unique.
        switching: what leaving the running configuration costs, if it counts.
    """

    budget: Budget = _UNBOUNDED
    goal: Goal = "accuracy"
    max_accuracy_cost: float | None = None
    forced: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    forbidden: Mapping[str, Collection[str]] = field(default_factory=lambda: _NOTHING)
    constraints: tuple[Constraint, ...] = ()
    switching: Switching | None = None

    def __post_init__(self) -> None:
        check_unique("constraint", [each.name for each in self.constraints])
        cost = self.max_accuracy_cost
        if cost is not None and not is_within(cost, -LARGEST):
            raise UsageError(f"the bound on accuracy cost is {cost!r}", "give a number")

    @property
    def plain(self) -> bool:
        """Whether a front answers it: the lowest accuracy cost within upper bounds."""
        return self == Demand(self.budget)

    def check(self, problem: Problem) -> None:
        """See that a problem has all that is named here.

        Raises:
            UnknownNameError: a block or a variant is not in the problem.
            UsageError: the running configuration leaves a block out, or energy matters and is
                not known.
        """
        blocks = {block.name: block for block in problem.blocks}
        for name, variant in self.forced.items():
            _block(blocks, name).index(variant)
        tables = [self.forbidden, *(each.coefficients for each in self.constraints)]
        for table in tables:
            for name, variants in table.items():
                for variant in variants:
                    _block(blocks, name).index(variant)
        if self.switching is not None:
            for name, variant in self.switching.running.items():
                _block(blocks, name).index(variant)
            for name in blocks:
                if name not in self.switching.running:
                    raise UsageError(f"no variant of block {name!r} is said to run", "name it")
        problem.caps(self.budget)
        if self.goal == "energy" and not problem.energy_known:
            raise UsageError(
                "the energy of the variants is not known", "measure it, or set another goal"
            )

    def __str__(self) -> str:
        parts = [] if self.budget == _UNBOUNDED else [str(self.budget)]
        if self.max_accuracy_cost is not None:
            parts.append(f"accuracy cost {self.max_accuracy_cost:g}")
        parts += [f"{block} as {variant}" for block, variant in self.forced.items()]
        parts += [
            f"{block} not as {variant}"
            for block, variants in self.forbidden.items()
            for variant in variants
        ]
        parts += [each.name for each in self.constraints]
        return ", ".join(parts) or str(self.budget)


_NO_DEMAND = Demand()


@dataclass(frozen=True, slots=True)
class Network:
    """One of several networks on a target.

    Args:
        name: unique among them.
        problem: what there is to choose from.
        demand: of this network by itself.
        weight: factor on its goal, above 0.

    Raises:
        UsageError: the weight is not above 0.
    """

    name: str
    problem: Problem
    demand: Demand = _NO_DEMAND
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not (is_within(self.weight, 0) and self.weight > 0):
            raise UsageError(
                f"network {self.name!r} has the weight {self.weight!r}", "give a number above 0"
            )


@dataclass(frozen=True, slots=True)
class JointDemand:
    """What is wanted of several networks on one target.

    Args:
        networks: a choice is made for each; all have the same goal.
        shared: upper bounds on their total latency, memory and energy.
        fairness: how their weighted goals are weighed against each other.

    Raises:
        UsageError: there is no network, two have one name, or their goals differ.
    """

    networks: tuple[Network, ...]
    shared: Budget = _UNBOUNDED
    fairness: Fairness = "sum"

    def __post_init__(self) -> None:
        if not self.networks:
            raise UsageError("there is no network to choose for", "give at least one")
        check_unique("network", [each.name for each in self.networks])
        if len({each.demand.goal for each in self.networks}) > 1:
            raise UsageError("the networks have different goals", "give all of them the same")

    def check(self) -> None:
        """See that the networks have all that is named here; see :meth:`Demand.check`."""
        for each in self.networks:
            each.demand.check(each.problem)
            each.problem.caps(self.shared)

    def __str__(self) -> str:
        own = [f"{each.name}: {each.demand}" for each in self.networks if each.demand != _NO_DEMAND]
        shared = [] if self.shared == _UNBOUNDED else [f"together {self.shared}"]
        return "; ".join((*shared, *own)) or str(self.shared)


def _block(blocks: Mapping[str, Block], name: str) -> Block:
    if name not in blocks:
        raise UnknownNameError("block", name, blocks)
    return blocks[name]
