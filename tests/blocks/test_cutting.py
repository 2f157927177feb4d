from __future__ import annotations

import pytest
import torch
from torch import nn

from kenning_lego.blocks.capture.flops import flop_counter
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.models.resnet import resnet_cifar
from tests.blocks.networks import PlainCnn, TinyResNet, conv

IMAGE = torch.rand(1, 3, 32, 32)
SMALL = torch.rand(1, 1, 16, 16)


def flops(module: nn.Module, *inputs: torch.Tensor) -> int:
    with torch.no_grad(), flop_counter() as counter:
        module.eval()(*inputs)
    return int(counter.get_total_flops())


def share(chain: Chain, total: int) -> float:
    return sum(flops(each.module, *each.example()) for each in chain.blocks) / total


def test_nearly_all_of_resnet18_is_in_blocks() -> None:
    torch.manual_seed(0)
    model = resnet_cifar(18, num_classes=100)
    chain = extract(model, IMAGE)
    assert len(chain.blocks) == 8
    assert share(chain, flops(model, IMAGE)) >= 0.95


def test_a_wanted_share_takes_no_more_blocks_than_it_needs() -> None:
    torch.manual_seed(0)
    model = TinyResNet((8, 16, 32, 64))
    total = flops(model, SMALL)
    half = extract(model, SMALL, share=0.5)
    assert len(half.blocks) == 4
    assert 0.5 <= share(half, total) < 0.65
    assert len(extract(model, SMALL, share=1.0).blocks) == 8  # the most that can be had


@pytest.mark.parametrize(("ratio", "count", "most"), [(0.1, 2, 2), (0.5, 2, 2), (1.0, 1, 4)])
def test_the_share_of_convolutions_limits_a_block(ratio: float, count: int, most: int) -> None:
    torch.manual_seed(0)
    chain = extract(PlainCnn(), SMALL, count=count, max_ratio=ratio)
    sizes = [
        sum(isinstance(each, nn.Conv2d) for each in block.module.modules())
        for block in chain.blocks
    ]
    assert sizes == [most] * count


def test_blocks_may_be_larger_where_that_lets_much_more_be_scaled() -> None:
    torch.manual_seed(0)
    # Three units of a third each: blocks of a half at most would leave one unit out.
    model = nn.Sequential(
        conv(1, 16), nn.ReLU(), conv(16, 16), nn.ReLU(), conv(16, 16), nn.ReLU(), conv(16, 16)
    )
    image = torch.rand(1, 1, 8, 8)
    assert share(extract(model, image, count=2), flops(model, image)) == 1.0


def test_cutting_is_deterministic() -> None:
    torch.manual_seed(0)
    model = TinyResNet()
    first, second = (str(extract(model, SMALL, count=3, share=0.9)) for _ in range(2))
    assert first == second
