from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, fx, nn

from kenning_lego.blocks.cost import cost
from kenning_lego.blocks.variants.allocation import Option, allocate
from kenning_lego.blocks.variants.factorise import (
    factorised,
    flops_by_rank,
    is_factorable,
    spectrum,
)

IMAGE = torch.rand(2, 6, 9, 10)
LAYERS: dict[str, tuple[nn.Module, Tensor]] = {
    "linear": (nn.Linear(6, 8), torch.rand(2, 5, 6)),
    "pointwise": (nn.Conv2d(6, 8, 1, bias=False), IMAGE),
    "strided": (nn.Conv2d(6, 8, (3, 5), (2, 1), (1, 2)), IMAGE),
    "dilated": (nn.Conv2d(6, 8, 3, padding=2, dilation=(2, 1)), IMAGE),
    "same": (nn.Conv2d(6, 4, 3, padding="same"), IMAGE),
    "row": (nn.Conv2d(6, 8, (1, 7), padding=(0, 3)), IMAGE),
    "transposed": (nn.ConvTranspose2d(6, 8, 4, 2, 1, output_padding=(1, 0)), IMAGE),
    "video": (nn.Conv3d(6, 8, 3, (1, 2, 2), 1), torch.rand(1, 6, 4, 6, 6)),
    "sound": (nn.Conv1d(6, 8, 3, 2), torch.rand(2, 6, 11)),
}


@pytest.mark.parametrize(("layer", "read"), LAYERS.values(), ids=LAYERS)
def test_full_rank_computes_the_same_and_costs_what_is_said(layer: nn.Module, read: Tensor) -> None:
    assert is_factorable(layer)
    found = spectrum(layer)
    rank = len(found.energies)
    first, second = factorised(layer, found, rank)
    with torch.no_grad():
        expected = layer(read)
        between = first(read)
        assert torch.allclose(second(between), expected, atol=1e-4)
    each = flops_by_rank(layer, read.shape, expected.shape)
    counted = cost(fx.symbolic_trace(nn.Sequential(first, second)), [read]).flops
    assert counted == rank * sum(each)


@pytest.mark.parametrize(("layer", "read"), LAYERS.values(), ids=LAYERS)
def test_the_error_is_the_share_of_the_weights_that_is_lost(layer: nn.Module, read: Tensor) -> None:
    assert is_factorable(layer)
    found = spectrum(layer)
    errors = found.errors()
    assert errors[0] == 1
    assert errors == sorted(errors, reverse=True)
    for rank in (1, len(found.energies) // 2, len(found.energies)):
        left, right = found.factors(rank)
        lost = (found.matrix - left @ right).square().sum() / found.matrix.square().sum()
        assert errors[rank] == pytest.approx(float(lost), abs=1e-4)


@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3, padding_mode="circular"), nn.ReLU()],
)
def test_layers_that_do_not_factorise_so_are_known(layer: nn.Module) -> None:
    assert not is_factorable(layer)


@st.composite
def layers_of_options(draw: st.DrawFn) -> list[list[Option]]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        costs = sorted(draw(st.sets(st.integers(1, 1000), min_size=1, max_size=6)), reverse=True)
        errors = sorted(draw(st.floats(0, 1)) for _ in costs[1:])
        found.append([Option(a, b) for a, b in zip(costs, [0.0, *errors], strict=True)])
    return found


@given(layers_of_options(), st.floats(0, 1))
def test_no_single_step_brings_the_cost_nearer(layers: list[list[Option]], share: float) -> None:
    target = share * sum(options[0].cost for options in layers)
    chosen = allocate(layers, target)

    def gap(places: tuple[int, ...]) -> float:
        costs = (options[place].cost for options, place in zip(layers, places, strict=True))
        return abs(sum(costs) - target)

    for index, place in enumerate(chosen):
        for other in (place - 1, place + 1):
            if 0 <= other < len(layers[index]):
                assert gap((*chosen[:index], other, *chosen[index + 1 :])) >= gap(chosen)


def test_the_cost_is_saved_where_it_loses_least() -> None:
    dear = [Option(10, 0.0), Option(5, 0.9), Option(1, 1.0)]
    cheap = [Option(10, 0.0), Option(5, 0.1), Option(1, 1.0)]
    assert allocate([dear, cheap], 15) == (0, 1)
    assert allocate([cheap, dear], 20) == (0, 0)
