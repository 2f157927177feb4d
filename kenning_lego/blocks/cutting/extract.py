"""Cut a network into a chain of segments: blocks that can be scaled, and what is between them."""

from __future__ import annotations

import torch
from torch import nn

from kenning_lego.blocks.capture.capture import Capture
from kenning_lego.blocks.capture.faithful import capture_faithfully
from kenning_lego.blocks.capture.inputs import Example, Inputs, bind
from kenning_lego.blocks.capture.tracing import UntraceableError
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.cutting.assemble import assemble
from kenning_lego.blocks.cutting.cutting import Cutter, Wanted
from kenning_lego.blocks.cutting.parts import find_part, traceable_parts
from kenning_lego.blocks.cutting.regions import Candidate
from kenning_lego.blocks.variants.prune import Prunable
from kenning_lego.core.errors import ModelError

_PROBES = (0.5, 0.99)
"""A block must survive being pruned to half and to next to nothing."""


def extract(
    model: nn.Module,
    example_input: Example,
    *,
    count: int = 8,
    share: float | None = None,
    max_ratio: float | None = None,
    part: str | None = None,
) -> Chain:
    """Cut `model` into at most `count` blocks and the fixed segments between them.

    Blocks have one input and one output, and are chosen so that scaling them can save most.
    The chain works on a copy on the CPU in evaluation mode, and computes the copy's outputs bit
    for bit, or is not returned. Sub-modules that cannot be traced are left whole; the chain says
    which.

    Args:
        model: any network whose own forward can be traced.
        example_input: its input, a tuple of its inputs, or a mapping of them by name; sets the
            shapes, batch included.
        count: how many blocks to make at most.
        share: see :class:`.Wanted`.
        max_ratio: see :class:`.Wanted`.
        part: path of the sub-module to cut instead, such as ``backbone``; the chain is of this
            part alone, and :func:`.install` puts it back.

    Raises:
        ModelError: the network cannot be traced or cut, or the chain computes something else.
        UnknownNameError: there is no such part.
    """
    inputs = bind(model, example_input)
    if part is not None:
        model, inputs = find_part(model, inputs, part)
    captured = _capture(model, inputs)
    cutter, wanted = Cutter(captured), Wanted(count, share, max_ratio)
    sound: set[Candidate] = set()
    banned: set[Candidate] = set()
    while True:
        blocks = cutter.choose(wanted, banned)
        if not blocks:
            raise ModelError(
                f"no block was found in {type(model).__name__}",
                "a block needs two or more convolutions or linear layers in a row, between a "
                "single input and a single output; use the network as one fixed segment",
            )
        chain = assemble(captured, [each.region for each in blocks])
        for segment, candidate in zip(chain.blocks, blocks, strict=True):
            if candidate not in sound:
                (sound if _survives(segment) else banned).add(candidate)
        if sound.issuperset(blocks):
            break
    for run in captured.runs:
        computed = chain.run([each.clone() for each in run.inputs])
        if not all(map(torch.equal, computed, run.outputs)):
            raise ModelError(
                f"the blocks of {type(model).__name__} do not compute what the whole computes",
                "ask for another number of blocks, and report it with the network",
            )
    return chain


def _capture(model: nn.Module, inputs: Inputs) -> Capture:
    try:
        return capture_faithfully(model, inputs)
    except UntraceableError as error:
        parts = traceable_parts(model, inputs)
        if not parts:
            raise
        named = ", ".join(map(str, parts[:5]))
        raise ModelError(error.problem, f"name one of its parts to cut: {named}") from error


def _survives(segment: Segment) -> bool:
    try:
        prunable = Prunable(segment.module, segment.example())
        for ratio in _PROBES:
            prunable.narrow(prunable.plan(ratio).removed)
    except ModelError:
        return False
    return True
