"""What the verb ``select`` can be told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.scenarios.tester.configuration import BudgetConfig
from kenning_lego.selection.ilp import Solver
from kenning_lego.selection.programs.demands import Fairness, Goal


class SelectionBudget(BudgetConfig):
    """Upper bounds; a share is one of the original network's figure."""

    energy_mj: float | None = Field(default=None, gt=0)
    """Energy of one inference, where it is known of the variants."""


class ConstraintConfig(Component):
    """A sum over the chosen variants that stays within bounds."""

    name: str
    """What to call it when it is in the way."""
    coefficients: dict[str, float]
    """What counts how much, by the variants' names or patterns such as *@pruned-*."""
    at_most: float | None = None
    """Upper bound of the sum."""
    at_least: float | None = None
    """Lower bound of the sum."""

    @model_validator(mode="after")
    def _is_bounded(self) -> ConstraintConfig:
        if self.at_most is None and self.at_least is None:
            raise ValueError("give at_most or at_least")
        return self


class NetworkDemandConfig(Component):
    """What is demanded of one network beside the budgets."""

    min_score: float | None = None
    """The predicted score on the test part is to be at least as good as this."""
    max_loss: float | None = Field(default=None, ge=0)
    """The same, as what it may lose against the original."""
    force: tuple[str, ...] = ()
    """Names of variants that must be chosen; patterns such as layer4.*@original may be used."""
    forbid: tuple[str, ...] = ()
    """Names of variants, or patterns, that must not be chosen."""
    same_ratio: tuple[str, ...] = ()
    """Names of blocks that get variants of one ratio."""
    constraints: tuple[ConstraintConfig, ...] = ()
    """Further linear constraints (in YAML)."""
    running: str | None = None
    """Configuration of the run that runs now; leaving it costs what the next two say."""
    switch_per_mb: float = Field(default=0.0, ge=0)
    """Cost of loading 10^6 bytes of variants, in the goal's unit."""
    switch_per_block: float = Field(default=0.0, ge=0)
    """Cost of every block that changes, in the goal's unit."""

    @model_validator(mode="after")
    def _fits_together(self) -> NetworkDemandConfig:
        if self.min_score is not None and self.max_loss is not None:
            raise ValueError("min_score and max_loss are the same bound; give one")
        if self.running is None and (self.switch_per_mb or self.switch_per_block):
            raise ValueError("which configuration runs? name it as running")
        if len(self.same_ratio) == 1:
            raise ValueError("same_ratio names one block; name at least two")
        return self


class NetworkConfig(NetworkDemandConfig, SelectionBudget):
    """One of several networks on a target, with bounds of its own."""

    workspace: Path
    """Directory in which it was tested."""
    run: str | None = None
    """Name of the test's run there; the newest if not given."""
    name: str | None = None
    """What to call it; by default the network's name."""
    weight: float = Field(default=1.0, gt=0)
    """Of its goal against the others'."""


class SelectConfig(NetworkDemandConfig):
    """The best configurations for budgets, from what a test has found out."""

    workspaces: tuple[Path, ...] = ()
    """Directories in which networks were tested; several share the budgets."""
    run: str | None = None
    """Name of the test's run in the workspace; the newest if not given."""
    networks: tuple[NetworkConfig, ...] = ()
    """Instead of workspaces: networks with demands of their own."""
    budgets: tuple[SelectionBudget, ...] = ()
    """Bounds to choose for, each by itself; of several networks, on their sums."""
    goal: Goal = "accuracy"
    """What to make as small as possible; of accuracy, what it costs."""
    fairness: Fairness = "sum"
    """Of several networks: the least weighted sum, or the least worst, then the next worst."""
    solver: Solver = "cbc"
    """Of integer programs; plain budgets of one network need none."""
    gap: float = Field(default=0.0, ge=0)
    """How far above the optimum a solver may stop, in the goal's unit."""
    front: bool = False
    """Print the undominated configurations, too."""
    front_rows: int = Field(default=20, ge=2)
    """How many of them to print."""
    output: Path | None = None
    """Directory for selection.json, and for the fronts as CSV and JSON."""
    keep: bool = False
    """Keep the answers as a run of the first workspace, where `kenning-lego results` finds them."""

    @model_validator(mode="after")
    def _names_networks(self) -> SelectConfig:
        if bool(self.workspaces) == bool(self.networks):
            raise ValueError("name a workspace in which a network was tested, or networks")
        if self.run is not None and len(self.workspaces) != 1:
            raise ValueError("run belongs to one workspace")
        if not (self.asks_for_choices or self.front):
            raise ValueError("nothing is asked: give budgets, another demand, or front")
        if self.networks and self._own():
            raise ValueError(f"{self._own()[0]} belongs to each of the networks")
        return self

    @property
    def asks_for_choices(self) -> bool:
        """Whether there is more to answer than the front."""
        return bool(self.budgets or self.networks or self._own() or self.goal != "accuracy")

    def all_networks(self) -> tuple[NetworkConfig, ...]:
        """Those that were named, and one for each workspace with the demands for all."""
        own = {name: getattr(self, name) for name in NetworkDemandConfig.model_fields}
        made = (NetworkConfig(workspace=each, run=self.run, **own) for each in self.workspaces)
        return self.networks or tuple(made)

    def _own(self) -> list[str]:
        """What is demanded of every network, by the names of the settings."""
        return [
            name
            for name, field in NetworkDemandConfig.model_fields.items()
            if getattr(self, name) != field.get_default()
        ]
