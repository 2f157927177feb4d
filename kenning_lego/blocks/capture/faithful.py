"""Trace a network so that the record computes what the network computes, bit for bit.

Operations are made out-of-place one by one, so a change through a view of a tensor is lost; and
code that branches on the size of the batch is recorded for one size. Comparing the outputs finds
both. What cannot be recorded faithfully is left whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from kenning_lego.blocks.capture.calls import Call, record_calls
from kenning_lego.blocks.capture.capture import Capture, Run, capture
from kenning_lego.blocks.capture.inputs import Inputs, bind_call
from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.core.errors import ModelError

_REASON = "it computes something else when its operations stand alone"


def capture_faithfully(model: nn.Module, inputs: Inputs) -> Capture:
    """Trace a copy of `model` that computes the same, also for another batch if it takes one.

    Args:
        model: the network; not changed.
        inputs: what to call it with.

    Raises:
        UntraceableError: the network's own forward cannot be traced.
        ModelError: the network cannot be run, or no record of it computes the same.
    """
    whole: dict[str, str] = {}
    by_size = True
    while True:
        captured = capture(model, inputs, whole=whole, by_size=by_size)
        if all(_agrees(captured, run) for run in captured.runs):
            return captured
        if by_size and _agrees(captured, captured.runs[0]):
            by_size = False
            continue
        culprit = _find_culprit(model, inputs)
        if culprit is None or culprit in whole:
            raise ModelError(
                f"{type(model).__name__} as traced does not compute what it computes itself",
                "it may change a tensor through a view of it, or draw random numbers; make "
                "forward free of such effects, or move them into a sub-module",
            )
        whole[culprit] = _REASON


def _agrees(captured: Capture, run: Run) -> bool:
    with torch.no_grad():
        computed = captured.module(*(each.clone() for each in run.inputs))
    return all(map(torch.equal, tensors_in(computed), run.outputs))


def _find_culprit(model: nn.Module, inputs: Inputs) -> str | None:
    """The deepest sub-module that is not faithful on its own, if any."""
    calls = record_calls(model, inputs)
    culprit, inside = None, model
    while True:
        found = next(
            (
                path
                for path in _called(inside, calls, culprit)
                if not _is_faithful(model, path, calls)
            ),
            None,
        )
        if found is None:
            return culprit
        culprit, inside = found, model.get_submodule(found)


def _called(module: nn.Module, calls: dict[str, Call], path: str | None) -> Iterator[str]:
    """The paths of the nearest sub-modules that were called, containers looked into."""
    for name, child in module.named_children():
        own = f"{path}.{name}" if path else name
        if own in calls:
            yield own
        else:
            yield from _called(child, calls, own)


def _is_faithful(model: nn.Module, path: str, calls: dict[str, Call]) -> bool:
    module = model.get_submodule(path)
    try:
        inputs = bind_call(module, calls[path].args, calls[path].kwargs)
        captured = capture(module, inputs)
    except ModelError:
        return True  # left whole, or traced as a part of its parent
    return _agrees(captured, captured.runs[0])
