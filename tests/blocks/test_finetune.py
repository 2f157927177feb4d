from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.retraining.finetune import fine_tune
from kenning_lego.blocks.retraining.retrain import retrain
from kenning_lego.blocks.variants.variants import BlockVariant
from kenning_lego.core.errors import ConfigurationError, ModelError, UnknownNameError
from kenning_lego.training.configuration import FineTuneConfig
from tests.blocks import networks
from tests.blocks.test_retrain import CONFIG, TRAINING, VALIDATION, Variants, prepared

TUNING = FineTuneConfig(epochs=6, batch_size=16, learning_rate=3e-3, precision="float32")


@pytest.fixture(scope="module")
def retrained() -> tuple[Chain, Variants]:
    chain, variants = prepared()
    retrain(chain, variants, TRAINING, VALIDATION, CONFIG.model_copy(update={"epochs": 3}))
    return chain, variants


def smallest(variants: Variants) -> dict[str, BlockVariant]:
    return {name: several[-1] for name, several in variants.items()}


def error(chain: Chain, modules: dict[str, torch.fx.GraphModule]) -> float:
    images = torch.from_numpy(VALIDATION.copy())
    (logits,), (wanted,) = chain.replace(modules).run(images), chain.run(images)
    soft = torch.softmax(wanted / 4, 1)
    divergence = soft * (torch.log(soft) - torch.log_softmax(logits / 4, 1))
    return float(divergence.sum(1).mean() * 16)


def test_the_whole_network_comes_nearer_to_the_original(
    retrained: tuple[Chain, Variants],
) -> None:
    chain, variants = retrained
    choice = smallest(variants)
    tuned = fine_tune(chain, choice, TRAINING, VALIDATION, TUNING)
    before = {name: each.module for name, each in choice.items()}
    assert tuned.result.loss_before == pytest.approx(error(chain, before), rel=1e-3)
    after = error(chain, {**before, **tuned.modules})
    assert tuned.result.loss_after == pytest.approx(after, rel=1e-3)
    assert after < 0.95 * tuned.result.loss_before
    assert set(tuned.modules) == {each.name for each in chain.blocks}


def test_network_and_variants_are_left_as_they_are(retrained: tuple[Chain, Variants]) -> None:
    chain, variants = retrained
    modules = [each.module for each in chain]
    modules += [each.module for several in variants.values() for each in several]
    before = copy.deepcopy([each.state_dict() for each in modules])
    fine_tune(chain, smallest(variants), TRAINING, VALIDATION, TUNING)
    for module, state in zip(modules, before, strict=True):
        assert all(torch.equal(each, state[name]) for name, each in module.state_dict().items())
        assert all(each.grad is None and each.requires_grad for each in module.parameters())


def test_blocks_that_are_originals_do_not_learn(retrained: tuple[Chain, Variants]) -> None:
    chain, variants = retrained
    choice = {chain.blocks[1].name: variants[chain.blocks[1].name][-1]}
    tuned = fine_tune(chain, choice, TRAINING, VALIDATION, TUNING)
    assert list(tuned.modules) == [chain.blocks[1].name]
    assert not tuned.modules[chain.blocks[1].name].training


def test_what_comes_before_the_first_chosen_block_runs_once(
    retrained: tuple[Chain, Variants],
) -> None:
    chain, variants = retrained
    ran: list[str] = []
    hooks = [
        each.module.register_forward_hook(lambda *_, name=each.name: ran.append(name))
        for each in chain
    ]
    last = chain.blocks[-1].name
    once = TUNING.model_copy(update={"epochs": 1})
    fine_tune(chain, {last: variants[last][-1]}, TRAINING, VALIDATION, once)
    for each in hooks:
        each.remove()
    assert len(ran) == 7 * len(chain)  # two validations of a batch, five batches: the teacher's


def test_true_labels_are_learnt_too(retrained: tuple[Chain, Variants]) -> None:
    chain, variants = retrained
    with torch.no_grad():
        classes = chain.run(torch.from_numpy(TRAINING.copy()))[0].shape[1]
    labels = np.arange(len(TRAINING)) % classes, np.arange(len(VALIDATION)) % classes
    hard = TUNING.model_copy(update={"label_share": 1.0})
    tuned = fine_tune(chain, smallest(variants), TRAINING, VALIDATION, hard, labels=labels)
    assert (
        tuned.result.losses
        != fine_tune(chain, smallest(variants), TRAINING, VALIDATION, TUNING).result.losses
    )
    assert tuned.result.loss_after <= tuned.result.loss_before


def test_networks_without_logits_learn_their_outputs() -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(*list(networks.PlainCnn())[:9])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.features(x)  # type: ignore[no-any-return]

    chain, variants = prepared(Dense)
    tuned = fine_tune(chain, smallest(variants), TRAINING, VALIDATION, TUNING)
    assert tuned.result.loss_after < tuned.result.loss_before
    labels = np.zeros(len(TRAINING), np.int64), np.zeros(len(VALIDATION), np.int64)
    with pytest.raises(ConfigurationError, match="labels are for networks that give logits"):
        fine_tune(chain, smallest(variants), TRAINING, VALIDATION, TUNING, labels=labels)


def test_what_cannot_be_tuned_is_refused(retrained: tuple[Chain, Variants]) -> None:
    chain, variants = retrained
    originals = {name: several[0] for name, several in variants.items()}
    with pytest.raises(ConfigurationError, match="nothing to fine-tune"):
        fine_tune(chain, originals, TRAINING, VALIDATION)
    with pytest.raises(UnknownNameError):
        fine_tune(chain, {"elsewhere": variants[chain.blocks[0].name][-1]}, TRAINING, VALIDATION)
    with pytest.raises(ModelError, match="the network fails on a batch"):
        fine_tune(chain, smallest(variants), TRAINING.repeat(2, axis=1), VALIDATION)
    short = np.zeros(3, np.int64), np.zeros(20, np.int64)
    with pytest.raises(ModelError, match=r"training part hold \[65, 3\] samples"):
        fine_tune(chain, smallest(variants), TRAINING, VALIDATION, labels=short)
