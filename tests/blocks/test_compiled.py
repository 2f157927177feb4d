"""What artifacts cost in accuracy: they run within the network, in batches of their own size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from kenning_lego.blocks.accuracy.compiled import (
    Arrays,
    CompiledVariant,
    Run,
    cost_compiled,
    score_compiled,
)
from kenning_lego.blocks.accuracy.compositions import Samples
from kenning_lego.blocks.accuracy.evaluation import Prepared, prepare
from kenning_lego.blocks.accuracy.profile import environments
from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.metrics.classification import TOP1
from kenning_lego.stats.quality_law import QualityLaw
from tests.networks import tiny_resnet

BATCH, IMAGES = 2, 21


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    """A network that was cut with two images at a time, in float32."""
    torch.manual_seed(0)
    chain = extract(tiny_resnet().eval(), torch.zeros(BATCH, 1, 8, 8), count=3)
    images = np.zeros((4, 1, 8, 8), np.float32)
    return prepare(chain, make_variants(chain, (0.0, 0.5)), images, 4, "float32")


@pytest.fixture(scope="module")
def samples(prepared: Prepared) -> Samples:
    """Images that the original network names rightly, all but three."""
    images = np.random.default_rng(0).standard_normal((IMAGES, 1, 8, 8)).astype(np.float32)
    (scores,) = prepared.chain.run(torch.from_numpy(images))
    labels = scores.numpy().argmax(axis=1)
    labels[:3] = (labels[:3] + 1) % scores.shape[1]
    return Samples(images, labels, TOP1)


def same(segment: Segment, sizes: list[int]) -> Run:
    """The segment's own module as an artifact; notes how many images it is given."""

    def run(inputs: Arrays) -> Arrays:
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        sizes.append(len(next(iter(inputs.values()))))
        with torch.no_grad():
            return {name: each.numpy() for name, each in segment.run(tensors).items()}

    return run


def zeros(segment: Segment) -> Run:
    """An artifact that has lost everything."""
    return lambda _: {spec.name: np.zeros(spec.sizes, np.float32) for spec in segment.outputs}


def artifact(prepared: Prepared, make: Callable[[Segment], Run]) -> CompiledVariant:
    block = prepared.chain.blocks[1]
    original = prepared.variants[block.name][0].name
    return CompiledVariant(f"{original}+other", block.name, original, make(block))


def cost_of(
    prepared: Prepared, samples: Samples, compiled: CompiledVariant, law: QualityLaw
) -> float:
    costs = {each.name: 0.0 for several in prepared.variants.values() for each in several}
    surroundings = environments(prepared.variants)
    found = cost_compiled(prepared, surroundings, [compiled], costs, law, samples, 5, lambda: None)
    assert found.original == pytest.approx(1 - 3 / IMAGES)
    return found.costs[compiled.name]


def test_artifact_that_computes_the_same_costs_nothing_more(
    prepared: Prepared, samples: Samples
) -> None:
    sizes: list[int] = []
    compiled = artifact(prepared, lambda segment: same(segment, sizes))
    assert cost_of(prepared, samples, compiled, QualityLaw(0.2)) == pytest.approx(0.0, abs=1e-9)
    assert set(sizes) == {BATCH}  # the last one filled up


@pytest.mark.parametrize("law", [QualityLaw(), QualityLaw(0.2), QualityLaw(0.2, 0.5)])
def test_artifact_that_loses_everything_costs_much(
    prepared: Prepared, samples: Samples, law: QualityLaw
) -> None:
    assert cost_of(prepared, samples, artifact(prepared, zeros), law) > 0.1


def test_cost_is_added_to_that_of_the_variant_that_was_compiled(
    prepared: Prepared, samples: Samples
) -> None:
    block = prepared.chain.blocks[1]
    pruned = prepared.variants[block.name][1]
    segment = prepared.compose({block.name: pruned})[block.name]
    compiled = CompiledVariant(f"{pruned.name}+x", block.name, pruned.name, same(segment, []))
    costs = {each.name: 0.25 for several in prepared.variants.values() for each in several}
    found = cost_compiled(
        prepared,
        environments(prepared.variants),
        [compiled],
        costs,
        QualityLaw(),
        samples,
        8,
        lambda: None,
    )
    assert found.costs[compiled.name] == pytest.approx(0.25)


def test_networks_of_artifacts_and_variants_are_scored_whole(
    prepared: Prepared, samples: Samples
) -> None:
    compiled = artifact(prepared, lambda segment: same(segment, []))
    originals = {name: several[0].name for name, several in prepared.variants.items()}
    lost = artifact(prepared, zeros)
    again, with_zeros = (
        score_compiled(
            prepared, [{**originals, each.block: each.name}], [each], samples, 8, lambda: None
        )[0]
        for each in (compiled, lost)
    )
    assert again == pytest.approx(1 - 3 / IMAGES)
    assert with_zeros < again
