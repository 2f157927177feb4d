"""Which regions of a traced network become blocks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache

from torch import fx, nn

from kenning_lego.blocks.capture.capture import Capture
from kenning_lego.blocks.cutting.naming import common_path, module_path
from kenning_lego.blocks.cutting.regions import (
    Candidate,
    Region,
    choose,
    find_candidates,
    find_regions,
)
from kenning_lego.blocks.variants.heads import find_attentions
from kenning_lego.blocks.variants.widths import find_freedom

_LIMITS = (1.0, 1.25, 1.5, 2.0)
"""Sizes of the largest block to try, in shares of a network that is divided evenly."""
_GIVEN_UP = 0.03
"""Share of the largest gain that more even blocks may cost."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a network is to be cut.

    Args:
        count: how many blocks to make at most; none is much larger than one of so many equal
            parts of the network's FLOPs, unless it cannot be split.
        share: take no more blocks than hold this share of the network's FLOPs in layers that can
            be scaled, if so much can be had.
        max_ratio: limit a block to this share of the network's convolutions instead, two at least
            (LegoDNN's option).
    """

    count: int = 8
    share: float | None = None
    max_ratio: float | None = None


class Cutter:
    """Finds blocks in a traced network; what it learns about a region is kept.

    Args:
        captured: the network.
    """

    def __init__(self, captured: Capture) -> None:
        order, values = captured.order, captured.values
        modules = dict(captured.module.named_modules())
        paths = [module_path(node) for node in order]
        sizes = Counter(path[:length] for path in paths for length in range(1, len(path) + 1))
        self._regions = find_regions(captured.graph)
        self._flops = [values[node].flops for node in order]
        self._convolutions = [int(_is_convolution(node, modules)) for node in order]

        attentions = find_attentions(order, modules, values)

        def gain(region: Region) -> int:
            nodes = order[region.first : region.exit + 1]
            freedom = find_freedom(nodes, [order[region.exit]], modules, values, attentions)
            return sum(values[node].flops for node, each in freedom.items() if each)

        def neatness(region: Region) -> int:
            inside = slice(region.first, region.exit + 1)
            whole = sizes[common_path(paths[inside])] == region.exit + 1 - region.first
            return len(order) * whole + sum(_neatness(captured, node) for node in order[inside])

        self._gain = cache(gain)
        self._neatness = cache(neatness)

    def choose(self, wanted: Wanted, banned: Collection[Candidate]) -> tuple[Candidate, ...]:
        """The blocks, in order; none if there are none.

        The smallest limit on a block's size is taken with which about as much can be scaled as
        with any.

        Args:
            wanted: how many, or how much.
            banned: regions that must not be taken.
        """
        enough = None if wanted.share is None else math.ceil(wanted.share * sum(self._flops))
        choices = []
        strict = wanted.max_ratio is not None
        for small in self._limits(wanted):
            candidates = find_candidates(self._regions, self._gain, self._neatness, small=small)
            allowed = [
                each
                for each in candidates
                if each not in banned and (small(each.region) or not strict)
            ]
            choices.append(choose(allowed, wanted.count, enough))
        gains = [sum(each.gain for each in chosen) for chosen in choices]
        least = (1 - _GIVEN_UP) * max(gains) if enough is None else min(enough, max(gains))
        return next(chosen for chosen, gain in zip(choices, gains, strict=True) if gain >= least)

    def _limits(self, wanted: Wanted) -> list[Callable[[Region], bool]]:
        if wanted.max_ratio is not None:
            most = max(math.floor(wanted.max_ratio * sum(self._convolutions)), 2)
            return [_at_most(self._convolutions, most)]
        even = sum(self._flops) / wanted.count
        return [_at_most(self._flops, factor * even) for factor in _LIMITS]


def _at_most(amounts: list[int], limit: float) -> Callable[[Region], bool]:
    return lambda region: sum(amounts[region.first : region.exit + 1]) <= limit


def _is_convolution(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    kind = nn.modules.conv._ConvNd
    return node.op == "call_module" and isinstance(modules[str(node.target)], kind)


def _neatness(captured: Capture, node: fx.Node) -> int:
    """Normalisation, activation and joining branches belong to the block before them.

    Pooling, reshaping and layers that add no gain do not, unless a module of the user's has them.
    """
    values = captured.values
    if values[node].flops:
        return -1
    return sum(values[each].shape == values[node].shape for each in captured.operands(node)) or -1
