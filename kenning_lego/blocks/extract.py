"""Cut a network into a chain of segments: blocks that can be scaled, and what is between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import fx, nn

from kenning_lego.blocks.assemble import assemble
from kenning_lego.blocks.capture import Capture, capture, operands
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.naming import common_path, module_path
from kenning_lego.blocks.prune import prune
from kenning_lego.blocks.regions import Candidate, Region, choose, find_candidates, find_regions
from kenning_lego.blocks.shapes import Value
from kenning_lego.blocks.widths import find_freedom
from kenning_lego.core.errors import ModelError

_PROBES = (0.5, 0.99)
"""A block must survive being pruned to half and to next to nothing."""


def extract(
    model: nn.Module, example_input: torch.Tensor | tuple[torch.Tensor, ...], *, count: int = 8
) -> Chain:
    """Cut `model` into at most `count` blocks and the fixed segments between them.

    Blocks have one input and one output, and are chosen so that scaling them can save most.
    The chain works on a copy on the CPU in evaluation mode, and computes the copy's outputs bit
    for bit, or is not returned.

    Args:
        model: any network that `torch.fx` can trace, sub-modules it cannot trace left whole.
        example_input: its input, or a tuple of its inputs; sets the shapes, batch included.
        count: how many blocks to make at most.

    Raises:
        ModelError: the network cannot be traced or cut, or the chain computes something else.
    """
    given = (example_input,) if isinstance(example_input, torch.Tensor) else example_input
    example = tuple(each.detach().cpu() for each in given)
    captured = capture(model, example)
    candidates = _candidates(captured, count)
    while True:
        blocks = choose(candidates, count)
        if not blocks:
            raise ModelError(
                f"no block was found in {type(model).__name__}",
                "a block needs two or more convolutions or linear layers in a row, between a "
                "single input and a single output; use the network as one fixed segment",
            )
        chain = assemble(captured, [each.region for each in blocks])
        bad = _unprunable(chain, blocks)
        if not bad:
            break
        candidates = tuple(each for each in candidates if each not in bad)
    computed = chain.run([each.clone() for each in example])
    if not all(map(torch.equal, computed, captured.expected)):
        raise ModelError(
            f"the blocks of {type(model).__name__} do not compute what the whole computes",
            "it may change a tensor through a view of it, or draw random numbers; make forward "
            "free of such effects",
        )
    return chain


def _candidates(captured: Capture, count: int) -> tuple[Candidate, ...]:
    order, values = captured.order, captured.values
    modules = dict(captured.module.named_modules())
    limit = sum(values[node].flops for node in order) / count

    def gain(region: Region) -> int:
        nodes = order[region.first : region.exit + 1]
        freedom = find_freedom(nodes, [order[region.exit]], modules, values)
        return sum(values[node].flops for node, each in freedom.items() if each)

    def small(region: Region) -> bool:
        return sum(values[node].flops for node in order[region.first : region.exit + 1]) <= limit

    paths = [module_path(node) for node in order]
    sizes = Counter(path[:length] for path in paths for length in range(1, len(path) + 1))

    def neatness(region: Region) -> int:
        inside = slice(region.first, region.exit + 1)
        whole = sizes[common_path(paths[inside])] == region.exit + 1 - region.first
        return len(order) * whole + sum(_neatness(node, values) for node in order[inside])

    return find_candidates(find_regions(captured.graph), gain, neatness, small=small)


def _unprunable(chain: Chain, blocks: Sequence[Candidate]) -> list[Candidate]:
    return [
        candidate
        for segment, candidate in zip(chain.blocks, blocks, strict=True)
        if not _survives(segment)
    ]


def _survives(segment: Segment) -> bool:
    try:
        for ratio in _PROBES:
            prune(segment.module, segment.example(), ratio)
    except ModelError:
        return False
    return True


def _neatness(node: fx.Node, values: Mapping[fx.Node, Value]) -> int:
    """Normalisation, activation and joining branches belong to the block before them.

    Pooling, reshaping and layers that add no gain do not, unless a module of the user's has them.
    """
    if values[node].flops:
        return -1
    return sum(values[each].shape == values[node].shape for each in operands(node)) or -1
