from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import nn

from benchmarks.blocks_networks import Coverage, cover, metrics
from benchmarks.zoo import networks as zoo
from benchmarks.zoo.networks import NETWORKS, Entry
from tests.blocks.networks import conv


def test_every_network_counts_and_a_failure_is_no_coverage() -> None:
    found = {
        "resnet18": Coverage((), 1.0, 8, 0.99, 0.8, 1e-6),
        "vit": Coverage(("it fell over",), 1.0),
    }
    named = {each.name: each for each in metrics(found, 2.0)}
    assert named["networks_covered"].value == 1
    assert not named["networks_covered"].reached
    assert named["scalable_share_resnet18"].reached
    assert named["scalable_share_vit"].asked == "reported"
    assert named["networks_onnx_gap_max"].value == 1e-6


def test_a_small_network_is_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> nn.Module:
        return nn.Sequential(conv(1, 8), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8))

    monkeypatch.setitem(cast("dict[str, Entry]", NETWORKS), "plain", Entry(make, (1, 1, 8, 8)))
    found = cover("plain")
    assert found.failures == ()
    assert found.blocks == 1
    assert found.scalable == 1
    assert 0 <= found.gap < 1e-4


def test_a_network_of_a_missing_package_is_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ModuleNotFoundError("No module named 'torchvision'")

    monkeypatch.setattr(zoo, "import_torchvision", missing)
    assert cover("vit").failures == ("ModuleNotFoundError: No module named 'torchvision'",)


def test_a_network_of_the_zoo_is_the_same_at_every_call() -> None:
    state = torch.random.get_rng_state()
    (first, image), (second, again) = (NETWORKS["resnet20"].build() for _ in range(2))
    assert torch.equal(image, again)
    assert not first.training
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert torch.equal(state, torch.random.get_rng_state())
