"""What the verb ``select`` chose and why: its JSON.

Units are in the field names. What is not known is None or absent, never zero.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from kenning_lego.core.records import BudgetRecord, FrontRecord, MemoryTerm, ScoreRecord
from kenning_lego.core.showing import ShownRecord

SELECTION_VERSION: Final = 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChosenRecord(_Record):
    """The variants that were chosen for a network."""

    network: str
    variants: dict[str, str]
    """Variant name by block name."""
    predicted: ScoreRecord
    accuracy_cost: float
    """Sum of the variants' costs; the score's law makes a loss of it."""
    changed: int | None = None
    """Blocks that differ from the running configuration; None where none was named."""


class NearRecord(_Record):
    """A demand near one that cannot be met, and what it gives."""

    changed: tuple[str, ...]
    """Names of the restrictions that were relaxed."""
    demand: str
    budget: BudgetRecord
    """That of the only network, or what several share."""
    chosen: tuple[ChosenRecord, ...]


class AnswerRecord(_Record):
    """The answer to one budget."""

    name: str
    demand: str
    budget: BudgetRecord
    """That of the only network, or what several share."""
    feasible: bool
    chosen: tuple[ChosenRecord, ...] = ()
    """One for each network; empty if infeasible."""
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Sets of restrictions that cannot be kept together; without any one of a set, the rest can."""
    nearest: tuple[NearRecord, ...] = ()
    solver: str | None = None
    solve_ms: float | None = None
    gap: float | None = None
    """How far above the optimum the goal may be, in its own unit; 0 is exact."""


class SelectedFromRecord(_Record):
    """A network and the run that its figures are from."""

    name: str
    workspace: str
    run: str
    metric: str
    memory: MemoryTerm
    """What memory means in the figures."""


class SelectionRecord(_Record, ShownRecord):
    """All answers to what was asked of one network or several."""

    schema_version: Literal[1] = SELECTION_VERSION
    kind: Literal["selection"] = "selection"
    created: str
    """ISO 8601 with time zone."""
    version: str
    """Of kenning-lego."""
    command: tuple[str, ...]
    scenario: dict[str, Any]
    networks: tuple[SelectedFromRecord, ...]
    answers: tuple[AnswerRecord, ...] = ()
    fronts: dict[str, str] = Field(default_factory=dict)
    """Files with the fronts of the networks, by name."""
    undominated: dict[str, FrontRecord] = Field(default_factory=dict)
    """The fronts of the networks, or an even choice of their points, by the networks' names; empty
    where none was asked for, and in older records."""
