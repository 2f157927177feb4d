from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, fx, nn

from kenning_lego.blocks.cost import Cost, cost, cost_within_border, count_parameters
from kenning_lego.blocks.liveness import Buffer, peak_bytes
from kenning_lego.core.errors import ModelError


def costs(module: nn.Module, *inputs: Tensor) -> Cost:
    return cost(fx.symbolic_trace(module.eval()), inputs)


def test_flops_are_twice_the_multiply_accumulates() -> None:
    layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten())
    counted = costs(layers, torch.zeros(1, 3, 5, 5))
    assert counted.flops == 2 * (8 * 5 * 5) * (3 * 3 * 3)
    assert counted.parameters == 8 * 3 * 3 * 3 + 8
    assert counted.weight_bytes == 4 * counted.parameters
    assert costs(nn.Sequential(nn.Linear(7, 5)), torch.zeros(2, 7)).flops == 2 * 2 * 7 * 5
    depthwise = nn.Sequential(nn.Conv2d(6, 6, 3, groups=6, bias=False))
    assert costs(depthwise, torch.zeros(1, 6, 5, 5)).flops == 2 * (6 * 3 * 3) * 9


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        attended: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return attended


def test_attention_counts_its_projections_its_scores_and_its_sums() -> None:
    tokens, width = 5, 8
    expected = 4 * 2 * tokens * width * width + 2 * 2 * tokens * tokens * width
    assert costs(Attention(), torch.rand(1, tokens, width)).flops == expected


def test_buffers_are_bytes_of_weights_but_no_parameters() -> None:
    counted = costs(nn.Sequential(nn.BatchNorm2d(4)), torch.zeros(1, 4, 2, 2))
    assert counted.parameters == 8
    assert counted.weight_bytes == 4 * 16 + 8


def test_shared_parameters_count_once() -> None:
    layer = nn.Linear(3, 3)
    assert count_parameters(layer, nn.Sequential(layer, nn.ReLU())) == 12


class Shortcut(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + x.sigmoid().tanh().exp()


def test_activations_are_what_is_alive_at_once() -> None:
    one = 4 * 10
    assert costs(nn.Sequential(nn.ReLU()), torch.zeros(10)).activation_bytes == 2 * one
    chained = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    assert costs(chained, torch.zeros(10)).activation_bytes == 2 * one
    assert costs(Shortcut(), torch.zeros(10)).activation_bytes == 3 * one


class Views(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        left, right = x.reshape(2, -1).chunk(2, dim=1)
        return left.t() + right.flatten().relu()[0]


def test_views_take_no_memory_and_keep_what_they_show() -> None:
    # x of 12 floats, its relu'd half of 6, the sum of 6.
    assert costs(Views(), torch.zeros(12)).activation_bytes == 4 * (12 + 6 + 6)


def test_another_shape_at_the_border_is_refused() -> None:
    module = fx.symbolic_trace(nn.Sequential(nn.Linear(3, 4)))
    inputs = [torch.zeros(1, 3)]
    assert cost_within_border(module, inputs, [(1, 4)]) == cost(module, inputs)
    with pytest.raises(ModelError, match="shapes at the border"):
        cost_within_border(module, inputs, [(1, 3)])


buffers = st.builds(
    lambda size, first, length: Buffer(size, first, first + length),
    st.integers(0, 100),
    st.integers(0, 10),
    st.integers(0, 10),
)


@given(st.lists(buffers, max_size=8))
def test_the_peak_is_the_fullest_step(several: list[Buffer]) -> None:
    steps = [sum(b.size for b in several if b.first <= step <= b.last) for step in range(25)]
    assert peak_bytes(several) == max(steps)
