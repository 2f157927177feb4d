"""How many steps a scenario has, by what it is told; shown as ``3/14`` beside each step."""

from __future__ import annotations

from kenning_lego.scenarios.baseline.configuration import BaselineConfig
from kenning_lego.scenarios.offline.configuration import OfflineConfig
from kenning_lego.scenarios.optimiser.configuration import OptimisationConfig
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig

LOADING = "load the network and the data"
REPORTING = "render the report"

TRAINING_STEPS = 3
"""Of the verb ``train``: load, train, score."""


def steps_of_blocks(config: OfflineConfig) -> int:
    """Of ``blocks make``: load, train, score, cut, make, retrain, profile, keep."""
    return 7 + _trains(config)


def steps_of_test(config: InferenceTestConfig) -> int:
    """Of a test: those of ``blocks make``, the compilers', the target's, and the report."""
    ways = config.mix.ways
    compilers = (config.compiler, *(way.compiler for way in ways))
    costs = any(each.precision != "fp32" for each in compilers)
    how = config.measurement
    measured = 7 + (how.memory != "none") + bool(how.energy_s)
    return steps_of_blocks(config) + 2 + bool(ways) + costs + measured + 1


def steps_of_file_test(config: InferenceTestConfig) -> int:
    """Of the test of a file: load, upload, two for its pieces, time it, score it, report."""
    how = config.measurement
    scored = config.dataset.type != "random"
    pieces = 2 * bool(config.model.cut)
    return 4 + pieces + scored + (how.memory != "none") + bool(how.energy_s)


def steps_of_baseline(config: BaselineConfig) -> int:
    """Of a baseline: load, train, score, compile, time, measure memory, score again, report."""
    return 6 + (config.model.checkpoint is None) + (config.measurement.memory != "none")


def steps_of_search(config: OptimisationConfig) -> int:
    """Of a search: load, train, score, cut, compile, and all that is tried on the target."""
    cut = 3 * any(config.blocks.ratios)
    return 8 + _trains(config) + cut + bool(config.trial_samples)


def _trains(config: OfflineConfig) -> bool:
    return config.model.checkpoint is None
