from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy import accuracy_costs
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.extract import extract
from kenning_lego.blocks.variants import BlockVariant, make_variants
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.test_extract import FACTS, IMAGE, make

IMAGES = np.random.default_rng(0).standard_normal((30, 1, 8, 8), dtype=np.float32)
LABELS = np.arange(30) % 10


class LogLoss:
    """Continuous, so that every change shows."""

    name = "loss"
    higher_is_better = False

    def score(self, outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        loss = torch.nn.functional.cross_entropy(torch.tensor(outputs), torch.tensor(labels))
        return float(loss)


class LogLikelihood(LogLoss):
    higher_is_better = True

    def score(self, outputs: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        return -super().score(outputs, labels)


def prepared(ratios: tuple[float, ...]) -> tuple[Chain, dict[str, tuple[BlockVariant, ...]]]:
    chain = extract(make(networks.TinyResNet), *IMAGE)
    return chain, make_variants(chain, ratios)


def composed_score(chain: Chain, chosen: dict[str, BlockVariant]) -> float:
    modules = {name: each.module for name, each in chosen.items()}
    output = chain.replace(modules).run(torch.from_numpy(IMAGES))[0]
    return LogLoss().score(output.numpy(), LABELS)


def test_costs_are_means_of_what_composed_networks_lose() -> None:
    chain, variants = prepared((0.0, 0.2, 0.4, 0.6, 0.8))
    costs = accuracy_costs(chain, variants, IMAGES, LABELS, LogLoss(), batch_size=11)
    assert list(costs) == [each.name for several in variants.values() for each in several]
    for variant in (variants["layer1.0"][4], variants["layer3.0"][2], variants["layer4.1"][1]):
        drops = []
        for place in (0, 2, 4):
            others = {
                name: several[min(place, len(several) - 1)] for name, several in variants.items()
            }
            with_variant = composed_score(chain, {**others, variant.block: variant})
            original = variants[variant.block][0]
            drops.append(with_variant - composed_score(chain, {**others, variant.block: original}))
        assert costs[variant.name] == pytest.approx(fmean(drops), abs=1e-5)
        assert costs[variant.name] != 0


def test_originals_cost_nothing_at_all() -> None:
    chain, variants = prepared((0.0, 0.5))
    costs = accuracy_costs(chain, variants, IMAGES, LABELS, LogLoss())
    assert all(costs[several[0].name] == 0.0 for several in variants.values())


def test_costs_are_positive_where_it_gets_worse_whichever_way_the_metric_goes() -> None:
    chain, variants = prepared((0.0, 0.5))
    losses = accuracy_costs(chain, variants, IMAGES, LABELS, LogLoss())
    likelihoods = accuracy_costs(chain, variants, IMAGES, LABELS, LogLikelihood())
    assert losses == pytest.approx(likelihoods)


def test_equal_environments_run_once() -> None:
    chain, variants = prepared((0.0, 0.5))
    told: list[tuple[int, int, str]] = []
    accuracy_costs(
        chain, variants, IMAGES, LABELS, LogLoss(), lambda *each: told.append(each), batch_size=15
    )
    assert [each[:2] for each in told] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_score_that_is_no_number_is_an_error() -> None:
    chain, variants = prepared((0.0, 0.5))
    with pytest.raises(ModelError, match="is not a number"):
        accuracy_costs(chain, variants, IMAGES * np.float32("nan"), LABELS, LogLoss())


def test_networks_with_several_outputs_are_refused() -> None:
    chain = extract(make(networks.TwoHeads), (*IMAGE, FACTS))
    with pytest.raises(ModelError, match="one input and one output, this has 2 and 2"):
        accuracy_costs(chain, make_variants(chain, (0.0, 0.5)), IMAGES, LABELS, LogLoss())
