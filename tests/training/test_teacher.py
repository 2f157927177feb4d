from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.metrics.classification import TOP1
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.classification import Surroundings
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.fitting import EpochResult
from kenning_lego.training.teacher import Trained, find_place, train_once
from kenning_lego.training.weights import weights_file

CONFIG = TrainingConfig(epochs=4, batch_size=16)


def dataset() -> Dataset:
    random = np.random.default_rng(0)
    labels = np.arange(60, dtype=np.int64) % 3
    images = (random.normal(size=(60, 1, 4, 4)) + labels.reshape(-1, 1, 1, 1)).astype(np.float32)
    part = Part(images, labels)
    return Dataset("d", ("a", "b", "c"), part.take(range(40)), part.take(range(40, 60)), part)


def model() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(16, 3))


def trained(network: nn.Module, root: Path, around: Surroundings | None = None) -> Trained:
    data = dataset()
    place = find_place(network, data, CONFIG, TOP1, Workspace(root))
    return train_once(network, data, CONFIG, TOP1, place, around)


def test_ctrl_c_leaves_a_checkpoint_from_which_it_goes_on_to_the_same_weights(
    tmp_path: Path,
) -> None:
    def press(epoch: EpochResult) -> None:
        if epoch.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(model(), tmp_path / "w", Surroundings(on_epoch=press))
    (checkpoint,) = (tmp_path / "w" / "checkpoints").iterdir()
    again, whole = model(), model()
    result = trained(again, tmp_path / "w")
    expected = trained(whole, tmp_path / "x")
    assert weights_file(again) == weights_file(whole)
    assert [each.loss for each in result.result.epochs] == [
        each.loss for each in expected.result.epochs
    ]
    assert not checkpoint.exists()


def test_a_training_that_is_done_is_found_with_its_epochs(tmp_path: Path) -> None:
    first, second = model(), model()
    done = trained(first, tmp_path)
    seen: list[EpochResult] = []
    found = trained(second, tmp_path, Surroundings(on_epoch=seen.append))
    assert (done.computed, found.computed) == (True, False)
    assert found.result == done.result
    assert tuple(seen) == done.result.epochs
    assert weights_file(first) == weights_file(second)
