"""Layers as two smaller ones in a row, by truncated singular value decomposition.

A linear layer is a matrix. A convolution of k x l pixels is one too, from (input channels, k) to
(output channels, l): its factors are a column of k pixels to r channels, then a row of l pixels
(Jaderberg et al., BMVC 2014). On trained ResNets this lost less at equal FLOPs than Tucker-2 or a
plain channel decomposition, and for 1 x 1 it is the plain decomposition. With any other number of
axes, the last one goes to the second factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

Factorable = _ConvNd | nn.Linear


def is_factorable(layer: nn.Module) -> TypeGuard[Factorable]:
    """Whether a layer is of a kind that can be factorised here."""
    if isinstance(layer, _ConvNd):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    return isinstance(layer, nn.Linear)


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A layer's matrix, decomposed.

    Args:
        matrix: shape (inputs, outputs) of the two factors together, float32.
        vectors: left singular vectors, by falling value, shape (inputs, rank).
        energies: squares of the singular values, shape (rank,), float64.
    """

    matrix: torch.Tensor
    vectors: torch.Tensor
    energies: torch.Tensor

    def errors(self) -> list[float]:
        """By rank from 0: the share of the squared weights that is lost."""
        kept = self.energies.cumsum(0) / self.energies.sum().clamp_min(1e-300)
        return [1.0, *(1 - kept).clamp_min(0).tolist()]

    def factors(self, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Matrices of shapes (inputs, rank) and (rank, outputs), of like magnitude."""
        left = self.vectors[:, :rank]
        right = left.T @ self.matrix
        scale = self.energies[:rank].clamp_min(1e-30).pow(0.25).to(left.dtype)
        return left * scale, right / scale[:, None]


@torch.no_grad()
def spectrum(layer: Factorable) -> Spectrum:
    """Decompose a layer, by the eigenvectors of the smaller of its two Gram matrices."""
    matrix = _matrix(layer)
    wide = matrix.shape[0] <= matrix.shape[1]
    gram = matrix @ matrix.T if wide else matrix.T @ matrix
    energies, vectors = torch.linalg.eigh(gram)
    energies, vectors = energies.flip(0).clamp_min(0), vectors.flip(1)
    if not wide:
        lengths = energies.sqrt().clamp_min(torch.finfo(energies.dtype).tiny)
        vectors = matrix @ vectors / lengths
    return Spectrum(matrix, vectors, energies.double())


def flops_by_rank(
    layer: Factorable, entering: Sequence[int], leaving: Sequence[int]
) -> tuple[int, int]:
    """FLOPs that one unit of rank costs in each of the two factors.

    Args:
        layer: to be factorised.
        entering: shape of its input, batch included.
        leaving: shape of its output.
    """
    if isinstance(layer, nn.Linear):
        positions = math.prod(leaving[:-1])
        return 2 * positions * layer.in_features, 2 * positions * layer.out_features
    between = (*leaving[2:-1], entering[-1])
    # A transposed convolution does its work where it reads, another one where it writes.
    places = (entering[2:], between) if layer.transposed else (between, leaving[2:])
    first, second = (2 * leaving[0] * math.prod(each) for each in places)
    *column, row = layer.kernel_size
    return first * layer.in_channels * math.prod(column), second * layer.out_channels * row


@torch.no_grad()
def factorised(layer: Factorable, found: Spectrum, rank: int) -> tuple[nn.Module, nn.Module]:
    """Two layers that together come near `layer`, in memory of their own."""
    left, right = found.factors(rank)
    if isinstance(layer, nn.Linear):
        first: nn.Module = nn.Linear(layer.in_features, rank, bias=False)
        second: nn.Module = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
        weights = left.T, right.T
    else:
        *column, row = layer.kernel_size
        first = _convolution(layer, layer.in_channels, rank, last=False)
        second = _convolution(layer, rank, layer.out_channels, last=True)
        ones = [1] * len(column)
        weights = (
            _weight(layer, left.reshape(layer.in_channels, -1, rank), (*column, 1)),
            _weight(layer, right.reshape(rank, -1, row).transpose(1, 2), (*ones, row)),
        )
    for each, weight in zip((first, second), weights, strict=True):
        each.weight = nn.Parameter(weight.clone(memory_format=torch.contiguous_format))
    if layer.bias is not None:
        second.bias = nn.Parameter(layer.bias.detach().clone())
    return first.eval(), second.eval()


def _matrix(layer: Factorable) -> torch.Tensor:
    """From what the first factor reads to what the second one writes."""
    weight = layer.weight.detach()
    if isinstance(layer, nn.Linear):
        return weight.T
    weight = weight if layer.transposed else weight.transpose(0, 1)
    inputs, outputs, *_, row = weight.shape
    return weight.reshape(inputs, outputs, -1, row).transpose(1, 2).reshape(-1, outputs * row)


def _weight(layer: _ConvNd, weight: torch.Tensor, kernel: Sequence[int]) -> torch.Tensor:
    """From shape (inputs, pixels, outputs) to the layout of the layer."""
    ordered = weight.permute((0, 2, 1) if layer.transposed else (2, 0, 1))
    return ordered.reshape(*ordered.shape[:2], *kernel)


def _convolution(layer: _ConvNd, inputs: int, outputs: int, *, last: bool) -> nn.Module:
    """A convolution that does the last axis of `layer`, or all others, with random weights."""

    def along(values: Sequence[int], rest: int) -> tuple[int, ...]:
        *others, end = values
        return (*(rest for _ in others), end) if last else (*others, rest)

    padding = layer.padding
    arguments: dict[str, Any] = {
        "kernel_size": along(layer.kernel_size, 1),
        "stride": along(layer.stride, 1),
        "padding": padding if isinstance(padding, str) else along(padding, 0),
        "dilation": along(layer.dilation, 1),
        "bias": last and layer.bias is not None,
    }
    if isinstance(layer, _ConvTransposeNd):
        arguments["output_padding"] = along(layer.output_padding, 0)
    return _KINDS[len(layer.kernel_size), layer.transposed](inputs, outputs, **arguments)


_KINDS: Mapping[tuple[int, bool], Callable[..., nn.Module]] = {
    (1, False): nn.Conv1d,
    (2, False): nn.Conv2d,
    (3, False): nn.Conv3d,
    (1, True): nn.ConvTranspose1d,
    (2, True): nn.ConvTranspose2d,
    (3, True): nn.ConvTranspose3d,
}
"""By number of axes and whether transposed; a user's subclass is replaced by torch's class."""
