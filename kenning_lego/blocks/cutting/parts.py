"""Cut a part of a network that cannot be cut as a whole, and put the cut part back.

Detectors that take lists of images, and other networks whose own forward is more than operations
on tensors, have sub-modules that can be cut. The Python code around such a part stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from kenning_lego.blocks.capture.calls import Call, record_calls
from kenning_lego.blocks.capture.capture import capture
from kenning_lego.blocks.capture.flops import flop_counter
from kenning_lego.blocks.capture.inputs import Example, Inputs, bind, bind_call
from kenning_lego.blocks.capture.shapes import map_tensors, tensors_in
from kenning_lego.blocks.chain import Chain
from kenning_lego.core.errors import ModelError, UnknownNameError

_LEAST_SHARE = 0.01
"""Of a network's FLOPs, in a part that is worth to be named."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sub-module that can be traced.

    Args:
        path: of the sub-module.
        share: of the network's FLOPs.
    """

    path: str
    share: float

    def __str__(self) -> str:
        return f"{self.path!r} ({self.share:.0%} of the FLOPs)"


def find_part(model: nn.Module, inputs: Inputs, path: str) -> tuple[nn.Module, Inputs]:
    """A sub-module and what it is called with when the network is.

    Args:
        model: the network.
        inputs: what to call it with.
        path: of the sub-module, such as ``backbone``.

    Raises:
        UnknownNameError: there is no such sub-module.
        ModelError: it is not called, or more than once.
    """
    modules = dict(model.named_modules())
    if path not in modules or not path:
        raise UnknownNameError("part", path, filter(None, modules))
    calls = record_calls(model, inputs)
    if path not in calls:
        raise ModelError(
            f"the part {path!r} of {type(model).__name__} is not called exactly once",
            "name a part that is, such as one around it",
        )
    return modules[path], bind_call(modules[path], calls[path].args, calls[path].kwargs)


def traceable_parts(model: nn.Module, inputs: Inputs) -> tuple[Part, ...]:
    """The largest sub-modules that can be traced, those with the most FLOPs first.

    Args:
        model: a network that cannot be traced as a whole.
        inputs: what to call it with.

    Raises:
        ModelError: the network fails on them.
    """
    calls = record_calls(model, inputs)
    with flop_counter() as counter:
        inputs.call(copy.deepcopy(model).cpu().eval(), inputs.tensors)
    total = max(counter.get_total_flops(), 1)
    found = [Part(path, flops / total) for path, flops in _traceable(model, calls, "")]
    worth = [each for each in found if each.share >= _LEAST_SHARE]
    return tuple(sorted(worth, key=lambda each: -each.share))


def _traceable(module: nn.Module, calls: dict[str, Call], path: str) -> Iterator[tuple[str, int]]:
    for name, child in module.named_children():
        own = f"{path}.{name}" if path else name
        try:
            call = calls[own]
            captured = capture(child, bind_call(child, call.args, call.kwargs))
            yield own, sum(captured.values[node].flops for node in captured.order)
        except (KeyError, ModelError):
            yield from _traceable(child, calls, own)


class ChainModule(nn.Module):
    """A chain in place of the sub-module that it was cut from.

    Args:
        chain: what to run.
        template: what the sub-module returns, with any tensors.
    """

    def __init__(self, chain: Chain, template: Any) -> None:
        super().__init__()
        self.chain = chain
        self.template = template
        self.segments = nn.ModuleList(segment.module for segment in chain)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the sub-module returns, computed by the chain's segments."""
        given = tensors_in((args, kwargs))
        tensors = {spec.name: each for spec, each in zip(self.chain.inputs, given, strict=True)}
        for segment in self.chain:
            tensors.update(segment.run(tensors))
        results: Iterator[torch.Tensor] = iter(self.chain.results(tensors))
        return map_tensors(self.template, lambda _: next(results))


def install(model: nn.Module, example_input: Example, path: str, chain: Chain) -> nn.Module:
    """A copy of `model` in which `chain` stands in for the part that it was cut from.

    Args:
        model: the network.
        example_input: as :func:`.extract` got it.
        path: of the part.
        chain: :func:`.extract`'s for this part, variants in its blocks or not.

    Raises:
        UnknownNameError: there is no such part.
        ModelError: the network fails on the example input, or does not call the part once.
    """
    inputs = bind(model, example_input)
    find_part(model, inputs, path)
    template = map_tensors(record_calls(model, inputs)[path].result, lambda _: torch.empty(0))
    own = copy.deepcopy(model).cpu().eval()
    parent, _, name = path.rpartition(".")
    setattr(own.get_submodule(parent), name, ChainModule(chain, template))
    return own
