from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.retraining.lessons import ChainTeacher
from kenning_lego.blocks.retraining.retrain import retrain
from kenning_lego.blocks.variants.variants import BlockVariant, make_variants
from kenning_lego.core.errors import ConfigurationError, ModelError
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


def test_progress_covers_all_groups() -> None:
    chain, variants = prepared()
    told: list[tuple[int, int, str]] = []
    retrain(chain, variants, TRAINING, VALIDATION, CONFIG, lambda *each: told.append(each))
    done = [each for each, *_ in told]
    assert done == sorted(set(done))
    assert len(told) == 60
    assert len({total for _, total, _ in told}) == 1
    assert told[-1][2] == "epoch 12 of 12"


def test_images_that_are_no_numbers_are_an_error() -> None:
    chain, variants = prepared()
    with pytest.raises(ModelError, match=r"block\.0@pruned-0\.40 diverged"):
        retrain(chain, variants, TRAINING * np.float32("nan"), VALIDATION, CONFIG)


def test_images_of_another_shape_are_an_error() -> None:
    chain, variants = prepared()
    with pytest.raises(ModelError, match="of the network fails on a batch") as caught:
        retrain(chain, variants, TRAINING.repeat(2, axis=1), VALIDATION, CONFIG)
    assert "float32[2, 1, 8, 8]" in caught.value.remedy


def test_networks_may_have_several_inputs() -> None:
    chain = extract(make(networks.TwoHeads), (*IMAGE, FACTS))
    variants = make_variants(chain, (0.0, 0.5))
    facts = RANDOM.standard_normal((65, 6), dtype=np.float32)
    results = retrain(
        chain, variants, (TRAINING, facts), (VALIDATION, facts[:20]), RetrainConfig(epochs=2)
    )
    assert all(each.loss_after <= each.loss_before for each in results.values())
    with pytest.raises(ModelError, match="has 2 inputs, images were given for 1"):
        retrain(chain, variants, TRAINING, VALIDATION)


def test_targets_are_the_originals_true_outputs_though_it_works_in_place() -> None:
    class InPlace(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8))
            self.second = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
            self.third = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8))
            self.rectify = nn.ReLU(inplace=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.rectify(self.second(self.rectify(self.first(x))))
            return self.rectify(self.third(y)).add_(y)  # type: ignore[no-any-return]

    model = make(InPlace).eval()
    chain = extract(model, *IMAGE)
    images = torch.from_numpy(VALIDATION.copy())
    with torch.no_grad():
        expected = model(images.clone())
        given, kept = [], []
        for _, (inputs, targets) in ChainTeacher(chain, {each.name for each in chain})(images):
            given += [each.clone() for each in (*inputs, *targets)]
            kept += [*inputs, *targets]
    assert torch.equal(kept[-1], expected)
    assert all(torch.equal(one, other) for one, other in zip(given, kept, strict=True))
    assert torch.equal(images, torch.from_numpy(VALIDATION.copy()))


def test_the_teacher_computes_no_further_than_its_last_subject() -> None:
    chain, _ = prepared()
    first = chain.blocks[0].name
    ran: list[str] = []
    for each in chain:
        each.module.register_forward_hook(lambda *_, name=each.name: ran.append(name))
    lessons = list(ChainTeacher(chain, {first})(torch.from_numpy(VALIDATION.copy())))
    assert [name for name, _ in lessons] == [first]
    assert ran == [each.name for each in chain][: ran.index(first) + 1]


def test_groups_that_fit_into_memory_give_the_same_weights_as_all_together() -> None:
    found = []
    for limit in (None, 461):
        chain, variants = prepared()
        config = CONFIG.model_copy(update={"max_memory_mb": limit, "epochs": 2})
        found.append((retrain(chain, variants, TRAINING, VALIDATION, config), variants))
    (together, first), (grouped, second) = found
    assert grouped == together
    for name, several in first.items():
        for one, other in zip(several, second[name], strict=True):
            states = one.module.state_dict(), other.module.state_dict()
            assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_limit_that_no_variant_fits_into_is_refused() -> None:
    chain, variants = prepared()
    with pytest.raises(ConfigurationError, match="max_memory_mb is 10"):
        retrain(chain, variants, TRAINING, VALIDATION, RetrainConfig(max_memory_mb=10))
