"""Block-wise distillation done plainly: what the project's way is compared with."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import mse_loss

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.variants.variants import BlockVariant, Variants


class PlainDistillation:
    """Float32, channels first, Adam with a constant rate; every variant in turn on each batch.

    Args:
        chain: the original network; runs whole, once for each batch.
        variants: what is trained, in place.
        rate: of Adam.
        with_originals: train the variants that remove nothing, too; copies, so that the network
            stays.
    """

    def __init__(
        self, chain: Chain, variants: Variants, rate: float, *, with_originals: bool = False
    ) -> None:
        self._chain = chain
        self._students: list[tuple[BlockVariant, torch.nn.Module]] = []
        for segment in chain.blocks:
            for variant in variants[segment.name]:
                if variant.kind != "original":
                    self._students.append((variant, variant.module))
                elif with_originals:
                    self._students.append((variant, copy.deepcopy(variant.module)))
        self._optimisers = [
            torch.optim.Adam(module.parameters(), lr=rate) for _, module in self._students
        ]

    def step(self, batch: torch.Tensor) -> None:
        """Train every variant on a batch."""
        tensors = self._chain.tensors(batch)
        for (variant, module), optimiser in zip(self._students, self._optimisers, strict=True):
            segment = self._chain[variant.block]
            module.train()
            optimiser.zero_grad()
            output = module(*(tensors[each.name] for each in segment.inputs))
            loss = mse_loss(output, tensors[segment.outputs[0].name])
            torch.autograd.backward(loss)
            optimiser.step()

    def train(self, images: NDArray[np.float32], epochs: int, batch: int, seed: int) -> None:
        """Train for some epochs; each order of the images is drawn from `seed`."""
        rng = np.random.default_rng(seed)
        for _ in range(epochs):
            order = rng.permutation(len(images))
            for start in range(0, len(order), batch):
                self.step(torch.from_numpy(images[order[start : start + batch]]))
        for _, module in self._students:
            module.eval()


def losses(
    chain: Chain, variants: Variants, images: NDArray[np.float32], batch: int = 250
) -> dict[str, float]:
    """Mean squared errors of all variants' outputs, in float32."""
    sums: dict[str, float] = {}
    for start in range(0, len(images), batch):
        some = torch.from_numpy(images[start : start + batch])
        tensors = chain.tensors(some)
        for variant in trained(chain, variants):
            segment = chain[variant.block]
            with torch.no_grad():
                output = variant.module(*(tensors[each.name] for each in segment.inputs))
            error = float(mse_loss(output, tensors[segment.outputs[0].name]))
            sums[variant.name] = sums.get(variant.name, 0.0) + error * len(some)
    return {name: each / len(images) for name, each in sums.items()}


def trained(chain: Chain, variants: Variants) -> Sequence[BlockVariant]:
    """The variants that are no originals."""
    return [
        each
        for segment in chain.blocks
        for each in variants[segment.name]
        if each.kind != "original"
    ]
