"""From what the verb was told, and what tests found out, to demands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.scenarios.online.tested import TestedNetwork, open_tested
from kenning_lego.scenarios.selecting.configuration import (
    ConstraintConfig,
    NetworkConfig,
    NetworkDemandConfig,
    SelectConfig,
    SelectionBudget,
)
from kenning_lego.scenarios.tester.choice import absolute_budget, original_choice
from kenning_lego.selection.problem import Budget, Choice
from kenning_lego.selection.programs.demands import (
    Constraint,
    Demand,
    Goal,
    JointDemand,
    Network,
    Switching,
    alike,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A network and what is demanded of it.

    Args:
        name: unique among the networks.
        tested: what is known of it.
        config: what was said of it.
        demand: the same, without the budgets that are asked for in turn.
    """

    name: str
    tested: TestedNetwork
    config: NetworkConfig
    demand: Demand


def open_networks(config: SelectConfig) -> tuple[Asked, ...]:
    """The networks with their own demands.

    Raises:
        ConfigurationError: a workspace, run, configuration, variant or block is not there.
        WorkspaceError: a record cannot be read.
    """
    opened = [(each, open_tested(each.workspace, each.run)) for each in config.all_networks()]
    names = [each.name or tested.record.network.name for each, tested in opened]
    return tuple(
        Asked(name, tested, each, _demand(tested, each, config.goal))
        for name, (each, tested) in zip(_unique(names), opened, strict=True)
    )


def budgets_of(config: SelectConfig, asked: Sequence[Asked]) -> Iterator[tuple[str, Budget]]:
    """The budgets to choose for, by name; one without bounds where none was given."""
    if not config.budgets:
        yield "best", Budget()
    whole = _together([original_choice(each.tested.problem) for each in asked])
    for number, budget in enumerate(config.budgets, 1):
        yield f"budget-{number}", _absolute(budget, whole)


def with_budget(asked: Sequence[Asked], budget: Budget, config: SelectConfig) -> JointDemand:
    """The demands of all networks, within a budget for their sums."""
    networks = tuple(
        Network(each.name, each.tested.problem, each.demand, each.config.weight) for each in asked
    )
    return JointDemand(networks, budget, config.fairness)


def _demand(tested: TestedNetwork, config: NetworkConfig, goal: Goal) -> Demand:
    forced: dict[str, str] = {}
    for pattern in config.force:
        for block, variant in matching_variants(tested, pattern):
            if forced.setdefault(block, variant) != variant:
                raise ConfigurationError(
                    f"force: {variant} and {forced[block]} are of one block, {block}",
                    "force one variant of a block",
                )
    forbidden: dict[str, tuple[str, ...]] = {}
    for pattern in config.forbid:
        for block, variant in matching_variants(tested, pattern):
            forbidden[block] = (*forbidden.get(block, ()), variant)
    constraints = [_constraint(tested, each) for each in config.constraints]
    return Demand(
        budget=_absolute(config, original_choice(tested.problem)),
        goal=goal,
        max_accuracy_cost=_most_cost(tested, config),
        forced=forced,
        forbidden=forbidden,
        constraints=(*constraints, *_same_ratios(tested, config.same_ratio)),
        switching=_switching(tested, config),
    )


def _absolute(config: SelectionBudget, original: Choice) -> Budget:
    budget = absolute_budget(config, original)
    return Budget(budget.latency_ms, budget.memory_bytes, config.energy_mj)


def _together(choices: Sequence[Choice]) -> Choice:
    """What several networks take in sum."""
    return Choice(
        {},
        sum(each.accuracy_cost for each in choices),
        sum(each.latency_ms for each in choices),
        sum(each.memory_bytes for each in choices),
    )


def _most_cost(tested: TestedNetwork, config: NetworkDemandConfig) -> float | None:
    original, wanted = tested.predictor.original_score, config.min_score
    if wanted is None and config.max_loss is None:
        return None
    if original is None:
        raise ConfigurationError(
            f"{tested.path} has no score of the original network", "bound something else"
        )
    if config.max_loss is not None:
        loss = config.max_loss
        wanted = original - loss if tested.predictor.higher_is_better else original + loss
    try:
        return tested.predictor.accuracy_cost(wanted if wanted is not None else original)
    except ValueError as error:
        raise ConfigurationError(f"min_score: {error}", "ask for less") from error


def _switching(tested: TestedNetwork, config: NetworkDemandConfig) -> Switching | None:
    if config.running is None:
        return None
    running = tested.configuration(config.running).variants
    return Switching(running, config.switch_per_mb, config.switch_per_block)


def matching_variants(tested: TestedNetwork, pattern: str) -> list[tuple[str, str]]:
    """The block and name of every variant that a name or a pattern means.

    Raises:
        ConfigurationError: there is none.
    """
    options = [
        (block.name, option.variant) for block in tested.problem.blocks for option in block.options
    ]
    found = [each for each in options if each[1] == pattern] or [
        each for each in options if fnmatchcase(each[1], pattern)
    ]
    if not found:
        blocks = {block for block, _ in options}
        raise ConfigurationError(
            f"no variant of {tested.record.network.name} is called {pattern!r}",
            f"a name is such as {options[-1][1]}; its blocks are {', '.join(sorted(blocks))}",
        )
    return found


def _constraint(tested: TestedNetwork, config: ConstraintConfig) -> Constraint:
    coefficients: dict[str, dict[str, float]] = {}
    for pattern, value in config.coefficients.items():
        for block, variant in matching_variants(tested, pattern):
            coefficients.setdefault(block, {})[variant] = value
    return Constraint(config.name, coefficients, config.at_most, config.at_least)


def _same_ratios(tested: TestedNetwork, blocks: Sequence[str]) -> Iterator[Constraint]:
    ratios = {
        segment.name: {variant.name: variant.ratio for variant in segment.variants}
        for segment in tested.record.segments
        if segment.scalable
    }
    for block in blocks:
        if block not in ratios:
            raise ConfigurationError(
                f"same_ratio: {tested.record.network.name} has no block {block!r}",
                f"it has: {', '.join(ratios)}",
            )
    for block in blocks[1:]:
        yield alike(blocks[0], block, ratios)


def _unique(names: Sequence[str]) -> list[str]:
    """The names, numbered where two are the same."""
    return [
        f"{name}-{names[: place + 1].count(name)}" if names.count(name) > 1 else name
        for place, name in enumerate(names)
    ]
