"""How much each channel of a group matters, so that the least important go first."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.configuration import Importance
from kenning_lego.blocks.variants.attention import Attention
from kenning_lego.blocks.variants.dependencies import ChannelGroup, Slice

_NORMS = {"l1": 1, "l2": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Criterion:
    """What a channel's importance is judged by.

    ``l1`` and ``l2``
        Sum of the magnitudes, or of the squares, of all weights that go with the channel, each
        layer's relative to its mean.
    ``bn_scale``
        Magnitude of the scales of normalisation layers (Network Slimming, Liu et al., ICCV
        2017); groups without such layers fall back to ``l2``.
    ``taylor``
        How much the block's output changes when the channel goes, to first order; see
        :func:`sensitivities`.
    ``random``
        Drawn anew for each group, from the seed.

    Args:
        name: one of the above.
        seed: of ``random``.
        sensitivities: for ``taylor``.
    """

    name: Importance = "l2"
    seed: int = 0
    sensitivities: Mapping[str, torch.Tensor] = field(default_factory=dict)


MAGNITUDE = Criterion()
"""Sum of the squares of the weights."""


def importances(module: nn.Module, group: ChannelGroup, criterion: Criterion) -> torch.Tensor:
    """The importance of each channel, shape (channels of the group,).

    Args:
        module: with the layers that the group's slices name.
        group: channels that go together.
        criterion: what counts.
    """
    if criterion.name == "random":
        return _drawn(group.slices[0].path, group.size, criterion.seed)
    if criterion.name == "taylor":
        return _first_order_change(group, criterion.sensitivities)
    slices = group.slices
    if criterion.name == "bn_scale":
        scaled = [each for each in slices if _is_scale(module.get_submodule(each.path))]
        if scaled:
            return _magnitudes(module, scaled, 1)
    return _magnitudes(module, slices, _NORMS.get(criterion.name, 2))


def head_importances(module: nn.Module, attention: Attention, criterion: Criterion) -> torch.Tensor:
    """The same of the heads of an attention layer, shape (heads,); ``bn_scale`` as ``l2``."""
    if criterion.name == "random":
        return _drawn(attention.result, attention.heads, criterion.seed)
    back = attention.back
    if criterion.name == "taylor":
        contributions = criterion.sensitivities[back.weight.removesuffix(".weight")]
        return contributions[:, back.channels].sum(2).square().mean(0)
    power = _NORMS.get(criterion.name, 2)
    total = module.get_parameter(back.weight).detach().abs().pow(power).sum(0)[back.channels].sum(1)
    for each in attention.projections:
        rows = module.get_parameter(each.weight).detach().abs().pow(power).sum(1)
        total = total + rows[each.channels].sum(1)
    return total


def sensitivities(
    module: fx.GraphModule, batches: Sequence[Sequence[torch.Tensor]], seed: int
) -> dict[str, torch.Tensor]:
    """How much each input channel of each layer contributes to the module's output.

    Removing weights w of a module f changes its output by -J w to first order, J being the
    Jacobian. For z of independent signs, ``E (z . J w)^2`` is the squared length of that change
    (Hutchinson), which is what distillation minimises. So one backward pass of ``z . f(x)`` a
    batch, with another z each, estimates it for all weights at once: the contribution of a
    channel is the sum of weight times gradient over the weights that read it.

    Args:
        module: a block; gradients are left on no parameter of it.
        batches: the block's inputs for some data, one probe each.
        seed: of the signs.

    Returns:
        By path of a convolution or linear layer: shape (batches, input channels).
    """
    generator = torch.Generator().manual_seed(seed)
    layers = {
        path: each
        for path, each in module.named_modules()
        if isinstance(each, nn.modules.conv._ConvNd | nn.Linear)
    }
    found: dict[str, list[torch.Tensor]] = {path: [] for path in layers}
    weights = [layer.weight.detach().requires_grad_() for layer in layers.values()]
    replaced = {f"{path}.weight": each for path, each in zip(layers, weights, strict=True)}
    for batch in batches:
        total = torch.zeros(())
        for output in tensors_in(torch.func.functional_call(module, replaced, tuple(batch))):
            signs = torch.randint(0, 2, output.shape, generator=generator) * 2.0 - 1
            total = total + (signs * output).sum()
        gradients = torch.autograd.grad(total, weights, allow_unused=True)
        for (path, layer), weight, gradient in zip(layers.items(), weights, gradients, strict=True):
            change = torch.zeros_like(weight) if gradient is None else weight * gradient
            found[path].append(_by_input(layer, change).detach())
    return {path: torch.stack(several) for path, several in found.items()}


def _by_input(layer: nn.Module, weights: torch.Tensor) -> torch.Tensor:
    """Sums over all weights that read an input channel, from the layout of the layer's weights."""
    if not isinstance(layer, nn.modules.conv._ConvNd):
        return weights.sum(0)
    if layer.transposed:
        return weights.flatten(1).sum(1)
    by_part = weights.reshape(layer.groups, -1, *weights.shape[1:2], weights[0, 0].numel())
    return by_part.sum((1, 3)).flatten()


def _drawn(path: str, count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed + zlib.crc32(path.encode()))
    return torch.rand(count, generator=generator)


def _first_order_change(
    group: ChannelGroup, contributions: Mapping[str, torch.Tensor]
) -> torch.Tensor:
    """What reads the channels tells it all: a layer is linear in the weights of its inputs."""
    reading = [each for each in group.slices if not each.out and each.path in contributions]
    changes = [contributions[each.path][:, each.channels].sum(2) for each in reading]
    return torch.stack(changes).sum(0).square().mean(0) if changes else torch.zeros(group.size)


@torch.no_grad()
def _magnitudes(module: nn.Module, slices: Sequence[Slice], power: int) -> torch.Tensor:
    total = torch.zeros(())
    for each in slices:
        sums = _by_channel(module.get_submodule(each.path), each, power)
        if sums is not None:
            channels = sums[each.channels].sum(1)
            total = total + channels / channels.mean().clamp_min(torch.finfo(channels.dtype).tiny)
    return total


def _by_channel(layer: nn.Module, each: Slice, power: int) -> torch.Tensor | None:
    """Sum of the powers of the weights of each channel of the layer on that side."""
    weight = layer.weight
    if not isinstance(weight, torch.Tensor):
        return None  # normalisation without a scale
    axis = 0
    if isinstance(layer, nn.modules.conv._ConvNd | nn.Linear):
        axis = int(each.out == getattr(layer, "transposed", False))
    others = [other for other in range(weight.dim()) if other != axis]
    sums: torch.Tensor = torch.linalg.vector_norm(weight, power, dim=others) if others else weight
    # A grouped convolution has the weights of all its parts in the same columns.
    return sums.abs().pow(power).repeat(each.width // len(sums))


def _is_scale(layer: nn.Module) -> bool:
    return isinstance(layer, nn.modules.batchnorm._NormBase) and layer.affine
