from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.extract import extract
from kenning_lego.blocks.retrain import retrain
from kenning_lego.blocks.variants import BlockVariant, make_variants
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.test_extract import FACTS, IMAGE, make

Variants = dict[str, tuple[BlockVariant, ...]]
RANDOM = np.random.default_rng(0)
TRAINING = RANDOM.standard_normal((65, 1, 8, 8), dtype=np.float32)
VALIDATION = RANDOM.standard_normal((20, 1, 8, 8), dtype=np.float32)
CONFIG = RetrainConfig(epochs=12, batch_size=16)


def prepared(network: type[nn.Module] = networks.PlainCnn) -> tuple[Chain, Variants]:
    model = make(network)
    with torch.no_grad():  # normalisation as after training on such images
        for _ in range(40):
            model(torch.from_numpy(TRAINING.copy()))
    chain = extract(model, *IMAGE)
    return chain, make_variants(chain, (0.0, 0.4, 0.8))


def gap(chain: Chain, variant: BlockVariant, images: NDArray[np.float32]) -> float:
    tensors = chain.tensors(torch.from_numpy(images))
    segment = chain[variant.block]
    target = tensors[segment.outputs[0].name]
    with torch.no_grad():
        output = variant.module(*(tensors[each.name] for each in segment.inputs))
    return float(torch.nn.functional.mse_loss(output, target))


def test_retraining_brings_every_variant_nearer_to_its_original() -> None:
    chain, variants = prepared()
    pruned = [each for several in variants.values() for each in several[1:]]
    before = {each.name: gap(chain, each, VALIDATION) for each in pruned}
    results = retrain(chain, variants, TRAINING, VALIDATION, CONFIG)
    assert list(results) == [each.name for each in pruned]
    for each in pruned:
        result = results[each.name]
        assert result.loss_before == pytest.approx(before[each.name], rel=1e-4)
        assert result.loss_after == pytest.approx(gap(chain, each, VALIDATION), rel=1e-4)
        assert result.loss_after < 0.7 * result.loss_before
        assert len(result.losses) == CONFIG.epochs
        assert min(result.losses) == result.loss_after
        assert not each.module.training


def test_originals_and_the_chain_are_left_alone() -> None:
    chain, variants = prepared(networks.PreActivation)
    states = {each.name: copy.deepcopy(each.module.state_dict()) for each in chain}
    images = torch.from_numpy(VALIDATION.copy())
    before = chain.run(images)
    retrain(chain, variants, TRAINING, VALIDATION, CONFIG)
    assert torch.equal(chain.run(images)[0], before[0])
    for segment in chain:
        for name, each in segment.module.state_dict().items():
            assert torch.equal(each, states[segment.name][name])


def test_retraining_again_gives_the_same_weights() -> None:
    weights = []
    for _ in range(2):
        chain, variants = prepared()
        retrain(chain, variants, TRAINING, VALIDATION, CONFIG)
        weights.append([dict(each.module.state_dict()) for each in variants["block.0"]])
    for first, second in zip(*weights, strict=True):
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_progress_is_told_batch_by_batch() -> None:
    chain, variants = prepared()
    told: list[tuple[int, int, str]] = []
    retrain(chain, variants, TRAINING, VALIDATION, CONFIG, lambda *each: told.append(each))
    assert [done for done, *_ in told] == list(range(1, 61))
    assert {total for _, total, _ in told} == {60}
    assert told[-1][2] == "retraining, epoch 12 of 12"


def test_images_that_are_no_numbers_are_an_error() -> None:
    chain, variants = prepared()
    with pytest.raises(ModelError, match=r"block\.0@pruned-0\.40 diverged"):
        retrain(chain, variants, TRAINING * np.float32("nan"), VALIDATION, CONFIG)


def test_networks_with_several_inputs_are_refused() -> None:
    chain = extract(make(networks.TwoHeads), (*IMAGE, FACTS))
    with pytest.raises(ModelError, match="takes networks with one input, this has 2"):
        retrain(chain, make_variants(chain, (0.0, 0.5)), TRAINING, VALIDATION)
