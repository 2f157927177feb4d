from __future__ import annotations

import pytest
import torch
from torch import Tensor, fx, nn

from kenning_lego.blocks.variants.dependencies import ChannelGroup
from kenning_lego.blocks.variants.importance import (
    MAGNITUDE,
    Criterion,
    head_importances,
    importances,
    sensitivities,
)
from kenning_lego.blocks.variants.prune import Prunable
from tests.blocks.networks import conv
from tests.blocks.test_attention import Encoder

WIDTH = 8


def layers() -> fx.GraphModule:
    torch.manual_seed(0)
    model = nn.Sequential(conv(3, WIDTH), nn.BatchNorm2d(WIDTH), nn.ReLU(), conv(WIDTH, 4))
    return fx.symbolic_trace(model.eval())


def prepared() -> tuple[fx.GraphModule, ChannelGroup]:
    module = layers()
    (group,) = Prunable(module, [torch.zeros(1, 3, 5, 5)]).groups
    return module, group


@pytest.mark.parametrize(("name", "power"), [("l1", 1), ("l2", 2)])
def test_magnitudes_are_of_all_weights_that_go_with_a_channel(name: str, power: int) -> None:
    module, group = prepared()
    first, last = module.get_parameter("0.weight"), module.get_parameter("3.weight")
    each = [
        first.abs().pow(power).sum((1, 2, 3)),
        module.get_parameter("1.weight").abs().pow(power),
        last.abs().pow(power).sum((0, 2, 3)),
    ]
    expected = torch.stack([one / one.mean() for one in each]).sum(0)
    found = importances(module, group, Criterion(name))  # type: ignore[arg-type]
    assert torch.allclose(found, expected, rtol=1e-4)


def test_scales_of_normalisation_count_alone_where_there_are_any() -> None:
    module, group = prepared()
    with torch.no_grad():
        module.get_parameter("1.weight").copy_(torch.tensor([3.0, 1, 4, -8, 5, 9, 2, 6]))
    order = importances(module, group, Criterion("bn_scale")).argsort().tolist()
    assert order == [1, 6, 0, 2, 4, 7, 3, 5]
    plain = fx.symbolic_trace(nn.Sequential(conv(3, WIDTH), nn.ReLU(), conv(WIDTH, 4)).eval())
    (bare,) = Prunable(plain, [torch.zeros(1, 3, 5, 5)]).groups
    expected = importances(plain, bare, MAGNITUDE)
    assert torch.equal(importances(plain, bare, Criterion("bn_scale")), expected)


def test_random_importance_depends_on_the_seed_alone() -> None:
    module, group = prepared()
    first, again, other = (importances(module, group, Criterion("random", s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def removal_errors(module: fx.GraphModule, inputs: Tensor) -> list[float]:
    """Squared change of the output when a channel goes, for each of them."""
    errors = []
    weight = module.get_parameter("3.weight")
    with torch.no_grad():
        whole = module(inputs)
        for channel in range(WIDTH):
            kept = weight[:, channel].clone()
            weight[:, channel] = 0
            errors.append(float((module(inputs) - whole).square().sum()))
            weight[:, channel] = kept
    return errors


def test_taylor_estimates_how_much_the_output_changes() -> None:
    module, group = prepared()
    batch = torch.randn(4, 3, 5, 5)
    found = sensitivities(module, 300 * [(batch,)], seed=0)
    estimated = importances(module, group, Criterion("taylor", 0, found))
    expected = torch.tensor(removal_errors(module, batch))
    assert torch.allclose(estimated, expected, rtol=0.35)
    assert estimated.argmax() == expected.argmax()
    assert all(each.grad is None for each in module.parameters())


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(4, 6, 3, groups=2), nn.ConvTranspose2d(4, 6, 2), nn.Linear(4, 6)]
)
def test_contributions_of_all_inputs_add_up_to_the_output(layer: nn.Module) -> None:
    torch.manual_seed(0)
    nn.init.zeros_(layer.get_parameter("bias"))
    inputs = torch.rand(1, 4) if isinstance(layer, nn.Linear) else torch.rand(1, 4, 3, 3)
    module = fx.symbolic_trace(nn.Sequential(layer).eval())
    (contributions,) = sensitivities(module, [(inputs,)], seed=0).values()
    assert contributions.shape == (1, 4)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        output = module(inputs)
    signs = torch.randint(0, 2, output.shape, generator=generator) * 2.0 - 1
    assert float(contributions.sum()) == pytest.approx(float((signs * output).sum()), abs=1e-4)


@pytest.mark.parametrize("name", ["l1", "l2", "bn_scale", "taylor", "random"])
def test_heads_are_judged_by_the_same_criteria(name: str) -> None:
    model = Encoder().eval()
    with torch.no_grad():
        model.attention.out_proj.weight[:, 4:8] *= 1e-6
        model.attention.in_proj_weight.unflatten(0, (3, 4, 4))[:, 1] *= 1e-6  # type: ignore[no-untyped-call]
    module = fx.symbolic_trace(model)
    inputs = torch.randn(1, 5, 16)
    (attention,) = Prunable(module, [inputs]).attentions
    found = sensitivities(module, 20 * [(inputs,)], seed=0)
    criterion = Criterion(name, 0, found)  # type: ignore[arg-type]
    scores = head_importances(module, attention, criterion)
    assert scores.shape == (4,)
    assert name == "random" or int(scores.argmin()) == 1
