"""Why a demand cannot be met, and which demands near it can.

Nothing is relaxed silently: what comes out is an explanation, with the demands that could be made
instead and what each of them would give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.programs.engines import Solver
from kenning_lego.selection.programs.overruns import Overruns
from kenning_lego.selection.programs.program import Program, Restriction, Row

D = TypeVar("D")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Relaxation(Generic[D, A]):
    """A demand that can be met, near one that cannot.

    Args:
        changed: names of the restrictions that differ from what was demanded.
        demand: to make instead; as tight as it can be met.
        answer: the best choice for it, or choices for several networks.
    """

    changed: tuple[str, ...]
    demand: D
    answer: A

    def __str__(self) -> str:
        return f"{self.demand} ({' and '.join(self.changed)} relaxed)"


@dataclass(frozen=True, slots=True)
class Infeasible(Generic[D, A]):
    """No choice keeps what is demanded.

    Args:
        demand: what was asked for.
        conflicts: sets of restrictions by name that cannot be kept together, while without any one
            of a set the rest of it can. They have nothing in common, and of each at least one
            must give way.
        nearest: demands that can be met, the smallest overrun first: each restriction relaxed
            alone, as little as possible, where that is enough; and all together, unless that comes
            to the same. Never empty.
    """

    demand: D
    conflicts: tuple[tuple[str, ...], ...]
    nearest: tuple[Relaxation[D, A], ...]

    @property
    def blocking(self) -> tuple[str, ...]:
        """Every restriction that is in a conflict."""
        return tuple(name for conflict in self.conflicts for name in conflict)

    def __str__(self) -> str:
        blocking = "; ".join(" with ".join(conflict) for conflict in self.conflicts)
        nearest = "; or ".join(map(str, self.nearest))
        return f"no choice keeps {self.demand}: {blocking} in the way; nearest: {nearest}"


def relax(
    demand: D, program: Program[D], best: Callable[[D], A], solver: Solver = "cbc"
) -> Infeasible[D, A]:
    """Find out why a demand cannot be met, and the nearest ones that can.

    Restrictions are relaxed one at a time, each as little as possible with the others kept, and
    together so that the largest relative overrun is as small as possible (then the sum of all). An
    overrun is relative to the bound; for a bound of zero, to the least that any choice takes. A
    forced or forbidden variant that gives way counts as an overrun of 1.

    Args:
        demand: what was asked for.
        program: of the demand.
        best: gives the best answer to a demand that can be met.
        solver: to ask where there is too much to look through.

    Raises:
        UsageError: the demand can be met.
        MissingDependencyError: there is too much to look through, and PuLP is not installed.
        SolverError: the solver failed.
    """
    finder = _Finder(program, solver)
    conflicts = finder.conflicts()
    if not conflicts:
        raise UsageError(f"{demand} can be met", "there is nothing to relax")
    relaxations = []
    for bounds in finder.relaxations():
        changed = tuple(program.restrictions[each].name for each in bounds)
        relaxed = demand
        for each, most in bounds.items():
            relaxed = program.restrictions[each].loosen(relaxed, most)
        relaxations.append(Relaxation(changed, relaxed, best(relaxed)))
    names = tuple(tuple(program.restrictions[each].name for each in some) for some in conflicts)
    return Infeasible(demand, names, tuple(relaxations))


class _Finder:
    """What is in the way of a program, restrictions being given by their indices."""

    def __init__(self, program: Program[D], solver: Solver) -> None:
        self._restrictions: tuple[Restriction[D], ...] = program.restrictions
        self._rows: list[range] = []
        rows: list[Row] = []
        for each in program.restrictions:
            self._rows.append(range(len(rows), len(rows) + len(each.rows)))
            rows += each.rows
        self._all = rows
        self._overruns = Overruns(program.sizes, rows, solver)

    def conflicts(self) -> list[list[int]]:
        """Irreducible sets that cannot be kept, none in common, until the rest can be kept.

        By a deletion filter: Chinneck and Dravnieks, "Locating minimal infeasible constraint sets
        in linear programs", 1991.
        """
        found: list[list[int]] = []
        left = list(range(len(self._rows)))
        while left and not self._can_be_kept(left):
            core = list(left)
            for each in left:
                without = [other for other in core if other != each]
                if not self._can_be_kept(without):
                    core = without
            found.append(core)
            left = [each for each in left if each not in core]
        return sorted(found)

    def relaxations(self) -> Iterator[dict[int, tuple[int, ...]]]:
        """The bounds that the restrictions that give way need; the smallest overrun first."""
        every = range(len(self._rows))
        found = [self._relaxed(every)]
        found += [self._relaxed([each]) for each in every]
        # Where all together comes to one alone, the same bounds are found twice.
        different = {tuple(each): each for each in reversed(found) if each}
        yield from sorted(different.values(), key=self._overrun)

    def _relaxed(self, elastic: Sequence[int]) -> dict[int, tuple[int, ...]]:
        """The bounds that these need instead, with all others kept; empty if that is no help."""
        rows = [row for each in elastic for row in self._rows[each]]
        hard = [row for row in range(len(self._all)) if row not in rows]
        found = self._overruns.smallest(rows, hard)
        if found is None:
            return {}
        bounds = dict(zip(rows, found, strict=True))
        return {
            each: tuple(bounds[row] for row in self._rows[each])
            for each in elastic
            if any(bounds[row] > self._all[row].most for row in self._rows[each])
        }

    def _can_be_kept(self, restrictions: Collection[int]) -> bool:
        return self._overruns.can_be_kept(
            [row for each in restrictions for row in self._rows[each]]
        )

    def _overrun(self, bounds: dict[int, tuple[int, ...]]) -> tuple[float, float]:
        shares = [
            (most - self._all[row].most) / self._all[row].unit
            for each, some in bounds.items()
            for row, most in zip(self._rows[each], some, strict=True)
        ]
        return max(shares), sum(shares)
