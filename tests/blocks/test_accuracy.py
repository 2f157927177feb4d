from __future__ import annotations

import math
from statistics import fmean, median

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.compositions import Composition
from kenning_lego.blocks.accuracy.cost_estimates import fitted_costs, mean_costs
from kenning_lego.blocks.accuracy.profile import profile_accuracy
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import ProfileConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import BlockVariant, make_variants
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.test_extract import FACTS, IMAGE, make

IMAGES = np.random.default_rng(0).standard_normal((30, 1, 8, 8), dtype=np.float32)
LABELS = np.arange(30) % 10
FEW = 0.03
"""MB of activations, for batches of some images."""


class LogLoss:
    """Continuous, so that every change shows."""

    name = "loss"
    higher_is_better = False
    limits = (0.0, math.inf)

    def evidence(
        self, outputs: NDArray[np.floating], labels: NDArray[np.integer]
    ) -> NDArray[np.floating]:
        loss = torch.nn.functional.cross_entropy(
            torch.tensor(outputs), torch.tensor(labels), reduction="none"
        )
        return np.asarray(loss)

    def total(self, evidence: NDArray[np.floating]) -> float:
        return float(evidence.mean(dtype=np.float64))


class LogLikelihood(LogLoss):
    higher_is_better = True
    limits = (-math.inf, 0.0)

    def total(self, evidence: NDArray[np.floating]) -> float:
        return -super().total(evidence)


class Unlimited(LogLoss):
    limits = (-math.inf, math.inf)


def config(**changes: object) -> ProfileConfig:
    given = {"precision": "float32", "activations_mb": FEW, "check_runs": 0, **changes}
    return ProfileConfig.model_validate(given)


def prepared(ratios: tuple[float, ...]) -> tuple[Chain, dict[str, tuple[BlockVariant, ...]]]:
    chain = extract(make(networks.TinyResNet), *IMAGE)
    return chain, make_variants(chain, ratios)


def composed_score(chain: Chain, chosen: dict[str, BlockVariant]) -> float:
    modules = {name: each.module for name, each in chosen.items()}
    output = chain.replace(modules).run(torch.from_numpy(IMAGES))[0]
    return LogLoss().total(LogLoss().evidence(output.numpy(), LABELS))


def test_means_are_means_of_what_composed_networks_lose() -> None:
    chain, variants = prepared((0.0, 0.2, 0.4, 0.6, 0.8))
    found = profile_accuracy(chain, variants, IMAGES, LABELS, LogLoss(), config(estimator="means"))
    assert list(found.costs) == [each.name for several in variants.values() for each in several]
    assert (found.record.estimator, found.record.unit) == ("means", None)
    for variant in (variants["layer1.0"][4], variants["layer3.0"][2], variants["layer4.1"][1]):
        drops = []
        for place in (0, 2, 4):
            others = {
                name: several[min(place, len(several) - 1)] for name, several in variants.items()
            }
            with_variant = composed_score(chain, {**others, variant.block: variant})
            original = variants[variant.block][0]
            drops.append(with_variant - composed_score(chain, {**others, variant.block: original}))
        assert found.costs[variant.name] == pytest.approx(fmean(drops), abs=1e-5)
        assert found.costs[variant.name] != 0


@pytest.mark.parametrize("estimator", ["means", "fitted"])
def test_originals_cost_nothing_at_all(estimator: str) -> None:
    chain, variants = prepared((0.0, 0.5))
    found = profile_accuracy(
        chain, variants, IMAGES, LABELS, LogLoss(), config(estimator=estimator)
    )
    assert all(found.costs[several[0].name] == 0.0 for several in variants.values())


@pytest.mark.parametrize("estimator", ["means", "fitted"])
def test_costs_are_positive_where_it_gets_worse_whichever_way_the_metric_goes(
    estimator: str,
) -> None:
    chain, variants = prepared((0.0, 0.5))
    how = config(estimator=estimator)
    losses = profile_accuracy(chain, variants, IMAGES, LABELS, LogLoss(), how)
    likelihoods = profile_accuracy(chain, variants, IMAGES, LABELS, LogLikelihood(), how)
    assert losses.costs == pytest.approx(likelihoods.costs)


def test_random_configurations_tell_how_well_costs_predict() -> None:
    chain, variants = prepared((0.0, 0.4, 0.8))
    record = profile_accuracy(
        chain, variants, IMAGES, LABELS, LogLoss(), config(check_runs=5)
    ).record
    by_name = {each.name: each for several in variants.values() for each in several}
    assert len({run.variants for run in record.runs}) == 5
    for run in record.runs:
        chosen = {by_name[name].block: by_name[name] for name in run.variants}
        assert list(chosen) == [segment.name for segment in chain]
        assert run.score == pytest.approx(composed_score(chain, chosen), abs=1e-5)
    errors = [abs(run.predicted - run.score) for run in record.runs]
    assert record.errors is not None
    assert record.errors.median == pytest.approx(median(errors))
    assert record.errors.p95 == pytest.approx(max(errors))
    assert record.means_errors is not None


def test_bfloat16_stays_close_to_float32() -> None:
    chain, variants = prepared((0.0, 0.5))
    exact = profile_accuracy(chain, variants, IMAGES, LABELS, LogLoss(), config())
    near = profile_accuracy(
        chain, variants, IMAGES, LABELS, LogLoss(), config(precision="bfloat16")
    )
    assert (exact.record.precision, exact.record.deviation) == ("float32", 0.0)
    assert near.record.precision == "bfloat16"
    assert 0 < near.record.deviation < 0.2
    assert near.record.original == pytest.approx(exact.record.original, rel=0.02)


def test_equal_environments_run_once() -> None:
    chain, variants = prepared((0.0, 0.5))
    told: list[tuple[int, int, str]] = []
    profile_accuracy(
        chain,
        variants,
        IMAGES,
        LABELS,
        LogLoss(),
        config(activations_mb=100.0),
        lambda *each: told.append(each),
    )
    assert [each[:2] for each in told] == [(1, 2), (2, 2)]


def test_metrics_without_a_best_score_add_up_losses() -> None:
    chain, variants = prepared((0.0, 0.5))
    record = profile_accuracy(chain, variants, IMAGES, LABELS, Unlimited(), config()).record
    assert (record.estimator, record.unit) == ("means", None)


def test_a_score_that_is_no_number_is_an_error() -> None:
    chain, variants = prepared((0.0, 0.5))
    with pytest.raises(ModelError, match="is not a number"):
        profile_accuracy(chain, variants, IMAGES * np.float32("nan"), LABELS, LogLoss(), config())


def test_images_without_labels_are_refused() -> None:
    chain, variants = prepared((0.0, 0.5))
    with pytest.raises(ModelError, match="30 images with 29 labels"):
        profile_accuracy(chain, variants, IMAGES, LABELS[1:], LogLoss())
    with pytest.raises(ModelError, match="0 images"):
        profile_accuracy(chain, variants, IMAGES[:0], LABELS[:0], LogLoss())


def test_networks_with_several_outputs_are_refused() -> None:
    chain = extract(make(networks.TwoHeads), (*IMAGE, FACTS))
    with pytest.raises(ModelError, match="one input and one output, this has 2 and 2"):
        profile_accuracy(chain, make_variants(chain, (0.0, 0.5)), IMAGES, LABELS, LogLoss())


NAMES = [[f"{block}{variant}" for variant in range(3)] for block in "abc"]


def scored(factors: dict[str, float], base: float) -> list[list[Composition]]:
    """Environments of networks whose distance from 1 is a product."""

    def composition(places: list[int]) -> Composition:
        names = tuple(several[place] for several, place in zip(NAMES, places, strict=True))
        return Composition(names, 1 - base * math.prod(factors[name] for name in names))

    environments = []
    for common in range(3):
        alike = [common] * 3
        neighbours = [
            [place if block == changed else common for block in range(3)]
            for changed in range(3)
            for place in range(3)
            if place != common
        ]
        environments.append([composition(alike), *map(composition, neighbours)])
    return environments


@given(st.lists(st.floats(0.8, 3.0), min_size=9, max_size=9), st.floats(0.01, 0.03))
def test_fitted_costs_explain_scores_whose_distances_multiply(
    given_factors: list[float], base: float
) -> None:
    factors = dict(zip((name for several in NAMES for name in several), given_factors, strict=True))
    factors.update({several[0]: 1.0 for several in NAMES})
    environments = scored(factors, base)
    costs, law = fitted_costs(NAMES, [each for some in environments for each in some], 1.0, 0.0)
    for composition in (each for some in environments for each in some):
        loss = law.loss(sum(costs[name] for name in composition.variants))
        assert 1 - base - loss == pytest.approx(composition.score)


def test_mean_costs_by_hand() -> None:
    names = [["a0", "a1"], ["b0", "b1"]]
    first = [
        Composition(("a0", "b0"), 0.9),
        Composition(("a1", "b0"), 0.8),
        Composition(("a0", "b1"), 0.7),
    ]
    last = [
        Composition(("a1", "b1"), 0.4),
        Composition(("a0", "b1"), 0.7),
        Composition(("a1", "b0"), 0.8),
    ]
    assert mean_costs(names, [first, last], 1.0) == pytest.approx(
        {"a0": 0.0, "a1": 0.2, "b0": 0.0, "b1": 0.3}
    )


def test_a_perfect_score_has_costs_too() -> None:
    names = [["a0", "a1"]]
    scores = [Composition(("a0",), 1.0), Composition(("a1",), 0.9)]
    costs, law = fitted_costs(names, scores, 1.0, 0.001)
    assert law.loss(costs["a1"]) == pytest.approx(0.1)
