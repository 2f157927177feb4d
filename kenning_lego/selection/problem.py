"""What there is to choose from, the bounds, and what a choice amounts to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Column, Table
from kenning_lego.selection.checks import check_energies, check_taken, check_unique, is_within
from kenning_lego.selection.units import LARGEST, LIMIT, budget_units, from_units, to_units


class Amounts(NamedTuple):
    """Accuracy cost, latency and energy in units (see :mod:`.units`), memory in bytes.

    Amounts compare by accuracy cost, then latency, then memory, then energy: the order of
    preference. Energy is 0 where it is not known.
    """

    cost: int
    latency: int
    memory: int
    energy: int = 0


@dataclass(frozen=True, slots=True)
class Option:
    """A variant that may stand in for a block.

    Args:
        variant: its name; unique in the block.
        accuracy_cost: metric lost by using it; positive is worse, negative is a gain.
        latency_ms: time that it takes, in ms.
        memory_bytes: bytes that it takes.
        energy_mj: energy that it takes, in mJ; None if it is not known.

    Raises:
        UsageError: a figure is not finite, or latency, memory or energy is negative.
    """

    variant: str
    accuracy_cost: float
    latency_ms: float
    memory_bytes: int
    energy_mj: float | None = None

    def __post_init__(self) -> None:
        where = f"variant {self.variant!r}"
        if not is_within(self.accuracy_cost, -LARGEST):
            raise UsageError(
                f"{where} has the accuracy cost {self.accuracy_cost!r}",
                f"give a number of magnitude up to {LARGEST}",
            )
        check_taken(where, self.latency_ms, self.memory_bytes, self.energy_mj)

    @property
    def amounts(self) -> Amounts:
        """The figures in whole units."""
        return Amounts(
            to_units(self.accuracy_cost),
            to_units(self.latency_ms),
            self.memory_bytes,
            to_units(self.energy_mj or 0.0),
        )


@dataclass(frozen=True, slots=True)
class Block:
    """A block and all that may stand in for it, itself included.

    Raises:
        UsageError: there is no option, or two have one name.
    """

    name: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        if not self.options:
            raise UsageError(
                f"block {self.name!r} has no variant to choose", "give it at least the original"
            )
        check_unique(f"variant in block {self.name!r}", [each.variant for each in self.options])

    def index(self, variant: str) -> int:
        """Where a variant is among the options.

        Raises:
            UnknownNameError: no option has this name.
        """
        for index, option in enumerate(self.options):
            if option.variant == variant:
                return index
        names = [option.variant for option in self.options]
        raise UnknownNameError(f"variant of block {self.name!r}", variant, names)


@dataclass(frozen=True, slots=True)
class Problem:
    """Blocks to choose variants for, and what the rest of the network takes.

    Latencies, memory, energy and accuracy costs are taken to add up over the blocks.

    Args:
        blocks: one variant is chosen for each. Energy is known of all their options or of none.
        fixed_latency_ms: time of the segments without a choice, in ms.
        fixed_memory_bytes: bytes of the segments without a choice.
        fixed_energy_mj: energy of the segments without a choice, in mJ; None is nothing.

    Raises:
        UsageError: there is no block, two have one name, a fixed figure is not finite or is
            negative, energy is known of a part only, or the totals are too large to be counted
            exactly.
    """

    blocks: tuple[Block, ...]
    fixed_latency_ms: float = 0.0
    fixed_memory_bytes: int = 0
    fixed_energy_mj: float | None = None

    def __post_init__(self) -> None:
        if not self.blocks:
            raise UsageError("there is no block to choose a variant for", "give at least one")
        check_unique("block", [block.name for block in self.blocks])
        check_taken(
            "the fixed part", self.fixed_latency_ms, self.fixed_memory_bytes, self.fixed_energy_mj
        )
        energies = [(o.variant, o.energy_mj) for block in self.blocks for o in block.options]
        check_energies(energies, self.fixed_energy_mj)
        for name, fixed, column in zip(
            ("accuracy costs", "latencies in ms", "sizes in bytes", "energies in mJ"),
            self.fixed,
            zip(*(_magnitudes(block) for block in self.blocks), strict=True),
            strict=True,
        ):
            if fixed + sum(column) >= LIMIT:
                raise UsageError(
                    f"the {name} of the blocks sum up to more than can be counted exactly",
                    f"keep the sum below {LIMIT if 'bytes' in name else LARGEST}",
                )

    @property
    def fixed(self) -> Amounts:
        """What every choice takes in whole units."""
        return Amounts(
            0,
            to_units(self.fixed_latency_ms),
            self.fixed_memory_bytes,
            to_units(self.fixed_energy_mj or 0.0),
        )

    @property
    def energy_known(self) -> bool:
        """Whether it is known what energy the choices take."""
        return self.blocks[0].options[0].energy_mj is not None

    @property
    def table(self) -> tuple[tuple[Amounts, ...], ...]:
        """The figures of every option of every block in whole units."""
        return tuple(tuple(option.amounts for option in block.options) for block in self.blocks)

    def caps(self, budget: Budget) -> tuple[int | None, int | None, int | None]:
        """The bounds of a budget on latency, memory and energy, in whole units up to `LIMIT`.

        Raises:
            UsageError: energy is bounded and not known.
        """
        if budget.energy_mj is not None and not self.energy_known:
            raise _unknown_energy()
        memory = None if budget.memory_bytes is None else min(budget.memory_bytes, LIMIT)
        return budget.latency, memory, budget.energy


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper bounds that a choice must keep; None is no bound.

    Raises:
        UsageError: a bound is negative or not finite.
    """

    latency_ms: float | None = None
    memory_bytes: int | None = None
    energy_mj: float | None = None

    def __post_init__(self) -> None:
        latency = 0.0 if self.latency_ms is None else self.latency_ms
        memory = 0 if self.memory_bytes is None else self.memory_bytes
        check_taken("the budget", latency, memory, self.energy_mj, most=math.inf)

    @property
    def latency(self) -> int | None:
        """The bound on latency in whole units."""
        return None if self.latency_ms is None else budget_units(self.latency_ms)

    @property
    def energy(self) -> int | None:
        """The bound on energy in whole units."""
        return None if self.energy_mj is None else budget_units(self.energy_mj)

    def allows(self, choice: Choice) -> bool:
        """Whether a choice keeps the bounds; without a tolerance.

        Raises:
            UsageError: energy is bounded, and the choice's is not known.
        """
        if self.energy_mj is not None:
            if choice.energy_mj is None:
                raise _unknown_energy()
            if choice.energy_mj > self.energy_mj:
                return False
        return (self.latency_ms is None or choice.latency_ms <= self.latency_ms) and (
            self.memory_bytes is None or choice.memory_bytes <= self.memory_bytes
        )

    def __str__(self) -> str:
        bounds = []
        if self.latency_ms is not None:
            bounds.append(f"{self.latency_ms} ms")
        if self.memory_bytes is not None:
            bounds.append(f"{self.memory_bytes:,} bytes")
        if self.energy_mj is not None:
            bounds.append(f"{self.energy_mj} mJ")
        return " and ".join(bounds) or "no bound"


@dataclass(frozen=True, slots=True)
class Choice(Shown):
    """One variant for each block, and what it amounts to with the fixed part.

    Args:
        variants: variant name by block name, in the order of the blocks.
        accuracy_cost: sum of the accuracy costs, exact to 1e-9.
        latency_ms: sum of the latencies in ms, exact to 1e-9.
        memory_bytes: sum of the bytes.
        energy_mj: sum of the energies in mJ, exact to 1e-9; None if it is not known.
    """

    variants: Mapping[str, str]
    accuracy_cost: float
    latency_ms: float
    memory_bytes: int
    energy_mj: float | None = None

    def tables(self) -> tuple[Table, ...]:
        """One table with a row a block."""
        columns = (Column("block", "text"), Column("variant", "text"))
        return (Table("variants", self._figures(), columns, tuple(self.variants.items())),)

    def __str__(self) -> str:
        variants = ", ".join(f"{block}: {name}" for block, name in self.variants.items())
        return f"{self._figures()} ({variants})"

    def _figures(self) -> str:
        energy = "" if self.energy_mj is None else f"{self.energy_mj:.4g} mJ, "
        return (
            f"{self.latency_ms:.4g} ms, {self.memory_bytes:,} bytes, {energy}"
            f"accuracy cost {self.accuracy_cost:.4g}"
        )


def evaluate(problem: Problem, variants: Mapping[str, str]) -> Choice:
    """Add up what a choice takes.

    Args:
        problem: what the variants are chosen from.
        variants: variant name by block name, one for every block.

    Raises:
        UnknownNameError: a block or a variant is not in the problem.
        UsageError: a block is left out.
    """
    names = [block.name for block in problem.blocks]
    for name in variants:
        if name not in names:
            raise UnknownNameError("block", name, names)
    for name in names:
        if name not in variants:
            raise UsageError(f"no variant is chosen for block {name!r}", "choose one")
    return make_choice(problem, [block.index(variants[block.name]) for block in problem.blocks])


def make_choice(problem: Problem, indices: Sequence[int]) -> Choice:
    """The choice of one option by index in each block, in the order of the blocks."""
    pairs = list(zip(problem.blocks, indices, strict=True))
    amounts = [problem.fixed, *(block.options[index].amounts for block, index in pairs)]
    total = Amounts(*map(sum, zip(*amounts, strict=True)))
    return Choice(
        variants={block.name: block.options[index].variant for block, index in pairs},
        accuracy_cost=from_units(total.cost),
        latency_ms=from_units(total.latency),
        memory_bytes=total.memory,
        energy_mj=from_units(total.energy) if problem.energy_known else None,
    )


def _magnitudes(block: Block) -> Amounts:
    columns = zip(*(option.amounts for option in block.options), strict=True)
    return Amounts(*(max(map(abs, column)) for column in columns))


def _unknown_energy() -> UsageError:
    return UsageError(
        "the budget bounds the energy, which is not known of the variants",
        "measure the energy of the variants, or leave the bound out",
    )
