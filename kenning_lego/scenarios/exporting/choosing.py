"""Which configuration is to be exported."""

from __future__ import annotations

from kenning_lego.blocks.latency import stages_of
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.scenarios.exporting.configuration import ExportConfig
from kenning_lego.scenarios.exporting.exportable import WHOLE, Exportable
from kenning_lego.scenarios.online.tested import TestedNetwork
from kenning_lego.scenarios.selecting.asking import matching_variants
from kenning_lego.scenarios.tester.choice import absolute_budget, original_choice
from kenning_lego.selection.problem import Choice, evaluate
from kenning_lego.selection.relaxation import Infeasible
from kenning_lego.selection.select import select


def find_exportable(tested: TestedNetwork, config: ExportConfig) -> Exportable:
    """The configuration that is named, or made of variants, or the best within bounds.

    Raises:
        ConfigurationError: it is not there, or the bounds cannot be met.
    """
    if config.configuration is not None:
        return named(tested, config.configuration)
    if config.variants:
        return chosen(tested, _assembled(tested, config), "custom")
    budget = absolute_budget(config, original_choice(tested.problem))
    answer = select(tested.problem, budget)
    if isinstance(answer, Infeasible):
        near = "; or ".join(str(each) for each in answer.nearest)
        raise ConfigurationError(f"no configuration keeps {budget}", f"near it: {near}")
    return chosen(tested, answer.choice)


def named(tested: TestedNetwork, name: str) -> Exportable:
    """A configuration that the test chose, or :data:`WHOLE`.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name == WHOLE:
        return _whole(tested)
    found = tested.configuration(name)
    stages = tested.stages(found.variants)
    return Exportable(found.name, found.variants, stages, found.predicted, found.measured)


def chosen(tested: TestedNetwork, choice: Choice, name: str = "selected") -> Exportable:
    """What :func:`kenning_lego.selection.select.select` chose."""
    stages = stages_of(tested.record.segments, choice.variants)
    return Exportable(name, choice.variants, stages, tested.predictor(choice))


def _assembled(tested: TestedNetwork, config: ExportConfig) -> Choice:
    variants = dict(original_choice(tested.problem).variants)
    named: dict[str, str] = {}
    for pattern in config.variants:
        for block, variant in matching_variants(tested, pattern):
            if named.setdefault(block, variant) != variant:
                raise ConfigurationError(
                    f"{named[block]} and {variant} are of one block", "name one of them"
                )
    return evaluate(tested.problem, variants | named)


def _whole(tested: TestedNetwork) -> Exportable:
    whole = tested.record.whole
    if whole is None:
        raise ConfigurationError(
            f"{tested.path} has no network in one piece", "export original: it computes the same"
        )
    return Exportable(WHOLE, {}, (whole.artifact.digest,))
