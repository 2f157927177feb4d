from __future__ import annotations

import pytest
import torch
from torch import Tensor, fx, nn

from kenning_lego.blocks.capture.shapes import propagate
from kenning_lego.blocks.variants.widths import find_freedom
from tests.blocks.networks import conv


class Around(nn.Module):
    """Two layers with something between them; what it is given may change its width."""

    def __init__(self, middle: nn.Module, width: int = 8) -> None:
        super().__init__()
        self.first, self.middle, self.last = conv(4, 8), middle, conv(width, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self.first(x)))  # type: ignore[no-any-return]


class Apply(nn.Module):
    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.pointwise = conv(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = eval(self.code, {"torch": torch, "x": x, "self": self})
        return result


def freedom(model: nn.Module) -> dict[str, tuple[bool, bool]]:
    traced = fx.symbolic_trace(model.eval())
    values = propagate(traced, [torch.zeros(2, 4, 6, 6)])
    *nodes, result = (node for node in traced.graph.nodes if node.op != "placeholder")
    modules = dict(traced.named_modules())
    found = find_freedom(nodes, result.all_input_nodes, modules, values)
    return {str(node.target): (each.inputs, each.outputs) for node, each in found.items()}


KEEPING = ["x + 1", "torch.relu(x) * x", "torch.nn.functional.gelu(x)", "x.clamp(0, 1)"]
MIXING = [
    "x.flip(1)",
    "x.mean(1, keepdim=True).expand(-1, 8, -1, -1)",
    "x * self.scale",
    "x * self.pointwise(x)",
    "x.transpose(1, 2).transpose(1, 2)",
    "x.softmax(1)",
]


@pytest.mark.parametrize("code", KEEPING)
def test_layers_around_what_keeps_channels_apart_are_free(code: str) -> None:
    found = freedom(Around(Apply(code)))
    assert found["first"] == (False, True)
    assert found["last"] == (True, False)


@pytest.mark.parametrize("code", MIXING)
def test_layers_around_anything_else_are_not(code: str) -> None:
    found = freedom(Around(Apply(code)))
    assert found["first"] == (False, False)
    assert found["last"] == (False, False)


@pytest.mark.parametrize(
    "module", [nn.BatchNorm2d(8), nn.MaxPool2d(3, 1, 1), nn.Dropout(), nn.Identity(), nn.ReLU()]
)
def test_normalisation_pooling_and_activations_keep_channels(module: nn.Module) -> None:
    assert freedom(Around(module)) == {"first": (False, True), "last": (True, False)}


@pytest.mark.parametrize("module", [nn.GroupNorm(2, 8), nn.PixelShuffle(1), nn.ChannelShuffle(2)])
def test_modules_that_tie_channels_freeze_them(module: nn.Module) -> None:
    assert not any(map(any, freedom(Around(module)).values()))


def test_a_concatenation_leaves_free_what_does_not_come_from_outside() -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = conv(4, 8), conv(12, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(torch.cat([x, self.first(x)], 1))  # type: ignore[no-any-return]

    assert freedom(Dense())["first"] == (False, True)


def test_a_layer_that_is_called_twice_is_not_free() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.twice, self.last = conv(4, 8), conv(8, 8), conv(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.twice(self.twice(self.first(x))))  # type: ignore[no-any-return]

    assert freedom(Twice()) == {"first": (False, False), "last": (False, False)}


def test_widths_that_join_the_border_are_not_free() -> None:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = conv(4, 8), conv(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.last(self.first(x))  # type: ignore[no-any-return]

    assert freedom(Residual()) == {"first": (False, True), "last": (True, False)}
