"""Record the operations of a network while it runs on an example.

Sub-modules that decide on the values of tensors are left whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import fx, nn

from kenning_lego.blocks.capture.example_tracer import ExampleTracer
from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.capture.inputs import Inputs
from kenning_lego.core.errors import ModelError

_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Opaque:
    """A sub-module that is one operation of a fixed segment, since its own are not known.

    Args:
        path: of the sub-module in the network.
        reason: why it cannot be recorded.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class UntraceableError(ModelError):
    """The network's own forward, not that of a sub-module, cannot be recorded."""


def trace(
    model: nn.Module, inputs: Inputs, *, whole: Mapping[str, str], by_size: bool
) -> tuple[fx.GraphModule, tuple[Opaque, ...]]:
    """Record `model`, which is used by the result; sub-modules that cannot be are leaves.

    Args:
        model: in evaluation mode.
        inputs: what to run it on; one input of the graph for each tensor.
        whole: sub-modules to leave whole from the start, by path, and why.
        by_size: whether code may branch and loop on sizes; the record then holds for the
            example's.

    Raises:
        UntraceableError: the network's own forward decides on tensors' values.
    """
    opaque = dict(whole)
    while True:
        tracer = ExampleTracer(inputs, frozenset(opaque), by_size=by_size)
        try:
            with torch.no_grad():
                graph = tracer.trace(model)
        except FOREIGN_ERRORS as error:
            culprit = tracer.running[-1] if tracer.running else ""
            while culprit in opaque:
                culprit = culprit.rpartition(".")[0]
            if not culprit:
                raise UntraceableError(
                    f"{type(model).__name__}.forward cannot be traced: {_first_line(error)}",
                    "move what depends on a tensor's values into a sub-module, or name the part "
                    "to cut",
                ) from error
            opaque[culprit] = _first_line(error)
        else:
            graph.set_codegen(fx.graph.CodeGen())
            return fx.GraphModule(tracer.root, graph), _outermost(opaque)


def _outermost(opaque: Mapping[str, str]) -> tuple[Opaque, ...]:
    return tuple(
        Opaque(path, reason)
        for path, reason in opaque.items()
        if not any(path.startswith(f"{other}.") for other in opaque)
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:_LONGEST_REASON]
