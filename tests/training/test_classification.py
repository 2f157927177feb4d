from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import nn

from kenning_lego.core.errors import ModelError
from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.metrics.classification import TOP1
from kenning_lego.models.resnet import ResNet
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.classification import Surroundings, train
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.fitting import EpochResult, one_cycle
from kenning_lego.training.prediction import evaluate, predict

QUICK = TrainingConfig(epochs=6, batch_size=16, shift=0)


def bright_halves(count: int, seed: int) -> Part:
    """Noise, with the upper (0) or the lower (1) half brighter."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 2
    images = random.normal(0, 0.3, (count, 1, 8, 8)).astype(np.float32)
    images[labels == 0, :, :4] += 1
    images[labels == 1, :, 4:] += 1
    return Part(images, labels)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    parts = (bright_halves(count, seed) for seed, count in enumerate((97, 32, 64)))
    return Dataset("halves", ("upper", "lower"), *parts)


def make(seed: int = 0) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
            nn.Dropout(0.1), nn.Linear(36, 2),
        )  # fmt: skip


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_training_learns_and_reports_every_epoch(dataset: Dataset) -> None:
    model = make()
    seen: list[EpochResult] = []
    result = train(model, dataset, QUICK, around=Surroundings(on_epoch=seen.append))
    assert tuple(seen) == result.epochs
    assert [each.epoch for each in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[-1].loss < seen[0].loss
    assert not model.training
    assert evaluate(model, dataset.test, TOP1) > 0.95
    assert "epoch 6/6: loss 0." in str(seen[-1])


def test_a_small_residual_network_learns_with_augmentation(dataset: Dataset) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = ResNet(widths=(4, 4, 8, 8), in_channels=1, num_classes=2)
    train(model, dataset, TrainingConfig(epochs=4, batch_size=16, flip=True))
    assert evaluate(model, dataset.test, TOP1) > 0.9


def test_equal_seeds_train_to_equal_weights_and_leave_the_global_state(dataset: Dataset) -> None:
    first, again, other = make(), make(), make()
    state = torch.random.get_rng_state()
    train(first, dataset, QUICK)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.rand(5)
    train(again, dataset, QUICK)
    train(other, dataset, QUICK.model_copy(update={"seed": 1}))
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_the_weights_that_did_best_on_validation_are_kept(dataset: Dataset) -> None:
    model = make()
    result = train(model, dataset, QUICK)
    scores = [each.validation_score for each in result.epochs]
    assert result.validation_score == max(scores) == scores[result.best_epoch - 1]
    assert evaluate(model, dataset.validation, TOP1) == result.validation_score


class Lowest:
    """A goal that is better where it is lower: the share that is wrong."""

    higher_is_better = False

    def score(self, outputs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        return float(np.mean(outputs.argmax(axis=1) != labels))


def test_the_best_epoch_is_the_goals(dataset: Dataset) -> None:
    model = make()
    result = train(model, dataset, QUICK, Lowest())
    scores = [each.validation_score for each in result.epochs]
    assert result.validation_score == min(scores) == scores[result.best_epoch - 1]
    assert result.best_epoch == max(i for i, each in enumerate(scores, 1) if each == min(scores))


@pytest.mark.parametrize("steps", [1, 7, 8, 20, 41, 42])
def test_a_stopped_training_goes_on_to_the_same_weights_bit_for_bit(
    dataset: Dataset, tmp_path: Path, steps: int
) -> None:
    whole, first, second = make(), make(), make(seed=1)
    expected = train(whole, dataset, QUICK)
    asked = iter(range(1000))
    stopping = Surroundings(Checkpoints(tmp_path, 1e9), lambda: next(asked) + 1 >= steps)
    with pytest.raises(KeyboardInterrupt):
        train(first, dataset, QUICK, around=stopping)
    seen: list[EpochResult] = []
    going_on = Surroundings(Checkpoints(tmp_path, 0), on_epoch=seen.append)
    result = train(second, dataset, QUICK, around=going_on)
    assert same_weights(whole, second)
    assert result.best_epoch == expected.best_epoch
    assert [each.loss for each in seen] == [each.loss for each in expected.epochs]
    assert [each.epoch for each in seen] == [1, 2, 3, 4, 5, 6]


def test_the_best_weights_so_far_can_be_kept_meanwhile(dataset: Dataset) -> None:
    model, kept = make(), make(seed=1)
    best: list[int] = []

    def keep(epoch: EpochResult) -> None:
        best.append(epoch.epoch)
        kept.load_state_dict(model.state_dict())

    result = train(model, dataset, QUICK, around=Surroundings(on_best=keep))
    assert best[-1] == result.best_epoch
    assert same_weights(model, kept)


def test_progress_tells_the_samples_seen(dataset: Dataset) -> None:
    told: list[tuple[int, int, str]] = []
    tell = Surroundings(on_progress=lambda *each: told.append(each))
    train(make(), dataset, QUICK, around=tell)
    assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
    assert told[-1][:2] == (582, 582)
    assert told[-1][2].startswith("epoch 6/6, loss 0.")


def test_a_loss_that_is_not_finite_is_an_error(dataset: Dataset) -> None:
    images = dataset.train.images.copy()
    images[3] = np.nan
    damaged = Dataset(
        "damaged", dataset.classes, Part(images, dataset.train.labels), *[dataset.test] * 2
    )
    with pytest.raises(ModelError, match="the loss is nan in epoch 1"):
        train(make(), damaged, QUICK)


def test_too_few_samples_are_an_error(dataset: Dataset) -> None:
    one = Dataset("one", dataset.classes, dataset.train.take([0]), *[dataset.test] * 2)
    with pytest.raises(ModelError, match="1 training and 64 validation samples"):
        train(make(), one)


def test_network_without_parameters_is_an_error(dataset: Dataset) -> None:
    with pytest.raises(ModelError, match="Flatten has no parameters"):
        train(nn.Flatten(), dataset)


def test_outputs_for_other_classes_are_an_error(dataset: Dataset) -> None:
    with pytest.raises(ModelError, match="an output for every class"):
        train(nn.Sequential(nn.Flatten(), nn.Linear(64, 1)), dataset, QUICK)


def test_images_of_another_shape_are_an_error(dataset: Dataset) -> None:
    with pytest.raises(ModelError, match=r"fails on a batch of shape \(64, 1, 8, 8\)"):
        predict(nn.Linear(3, 2), dataset.test.images)


def test_networks_with_several_outputs_are_an_error(dataset: Dataset) -> None:
    class Pair(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, x

    with pytest.raises(ModelError, match="returns tuple"):
        predict(Pair(), dataset.test.images)


def test_predictions_do_not_depend_on_the_batch_size(dataset: Dataset) -> None:
    model = make().train()
    images = dataset.test.images.copy()
    images.setflags(write=False)
    whole = predict(model, images)
    assert whole.shape == (64, 2)
    np.testing.assert_allclose(predict(model, images, batch_size=7), whole, atol=1e-5)
    assert model.training
    assert predict(model, images[:0]).shape == (0, 2)


@given(st.floats(0, 1))
def test_the_learning_rate_stays_within_its_cycle(progress: float) -> None:
    assert 0 <= one_cycle(progress) <= 1
    assert one_cycle(0.2) == 1
    assert one_cycle(1) == pytest.approx(0)
