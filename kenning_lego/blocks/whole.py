"""A chain in one piece, for what takes a single module, such as compilers."""

from __future__ import annotations

from torch import Tensor, nn

from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.chain import Chain


class WholeNetwork(nn.Module):
    """Computes what a chain computes, with the chain's own modules.

    Args:
        chain: with the variants that are wanted in its segments.
    """

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self.parts = nn.ModuleList(each.module for each in chain)
        self._reads = [tuple(spec.name for spec in each.inputs) for each in chain]
        self._gives = [tuple(spec.name for spec in each.outputs) for each in chain]
        self._inputs = tuple(spec.name for spec in chain.inputs)
        self._outputs = tuple(spec.name for spec in chain.outputs)

    def forward(self, *given: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The network's output, or outputs, from its inputs in order."""
        tensors = dict(zip(self._inputs, given, strict=True))
        for part, reads, gives in zip(self.parts, self._reads, self._gives, strict=True):
            computed = tensors_in(part(*(tensors[name] for name in reads)))
            tensors.update(zip(gives, computed, strict=True))
        found = tuple(tensors[name] for name in self._outputs)
        return found if len(found) > 1 else found[0]
