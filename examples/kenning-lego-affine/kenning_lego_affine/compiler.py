"""The compiler to the format ``affine``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kenning_lego.compilers.artifact import ArtifactFormat, Built
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError

if TYPE_CHECKING:  # configurations are read without loading frameworks
    from torch import nn

    from kenning_lego.compilers.engines import Arrays, Run
    from kenning_lego_affine.file_format import Layer

_NOTHING = ("Flatten", "Identity", "Dropout")
"""Modules that do nothing to a row of numbers."""


class Affine(Compiler):
    """Linear layers and ReLUs one after the other, for the engine `affine`."""

    format: ClassVar[ArtifactFormat] = "affine"
    extra: ClassVar[str] = "host"

    type: Literal["affine"] = "affine"
    """The compiler's short name."""
    precision: Literal["fp32"] = "fp32"
    """Of weights and arithmetic."""

    def packages(self) -> tuple[str, ...]:
        """Distributions that take part."""
        return ("kenning-lego-affine", "torch")

    def build(self, source: CompileSource) -> Built:
        """Write a module's layers down.

        Raises:
            CompilationError: it is more than linear layers and ReLUs in a row.
        """
        from kenning_lego_affine.file_format import Network, pack

        if source.module is None or len(source.inputs) != 1 or len(source.outputs) != 1:
            raise CompilationError(
                f"{source} is no network with one input and one output", "compile it with `onnx`"
            )
        taken, given = source.inputs[0], source.outputs[0]
        layers = _layers(source.module, math.prod(taken.sizes))
        return Built(pack(Network(taken, given, tuple(layers))))

    @classmethod
    def open(cls, content: bytes) -> Run:
        """Load a file here, to compare it with the original."""
        import numpy as np

        from kenning_lego.runtimes.offers import Offers
        from kenning_lego_affine.runtime import AffineOptions, AffineRuntime

        program = AffineRuntime(1, AffineOptions(), Offers()).load(content, 1)

        def run(inputs: Arrays) -> Arrays:
            tensors = {each.name: np.zeros(each.sizes, each.dtype) for each in program.spec}
            for each in program.spec.inputs:
                tensors[each.name][...] = inputs[each.name]
            program.bind(tensors)()
            return {each.name: tensors[each.name] for each in program.spec.outputs}

        return run


def _layers(module: nn.Module, width: int) -> list[Layer]:
    """The layers of a module that is a row of them."""
    from torch import fx

    traced = module if isinstance(module, fx.GraphModule) else fx.symbolic_trace(module)
    found: list[Layer] = []
    before = None
    for node in traced.graph.nodes:
        if node.op == "output":
            if node.args[0] is not before:
                raise _not_a_row(f"{node.args[0]} is returned")
            break
        if before is not None and node.all_input_nodes != [before]:
            raise _not_a_row(f"{node} takes something else than {before}")
        if node.op == "call_module":
            width = _add(found, traced.get_submodule(str(node.target)), width)
        elif before is not None:
            raise _not_a_row(f"{node} is a {node.op}, not a layer")
        before = node
    return found


def _add(found: list[Layer], layer: Any, width: int) -> int:
    """Write a layer down; how many numbers come out of it."""
    import numpy as np

    from kenning_lego_affine.file_format import Affine as AffineLayer
    from kenning_lego_affine.file_format import Relu

    kind = type(layer).__name__
    if kind == "ReLU":
        found.append(Relu())
        return width
    if kind in _NOTHING:
        return width
    if kind != "Linear":
        raise _not_a_row(f"{kind} is neither Linear nor ReLU")
    if layer.in_features != width:
        raise _not_a_row(f"a Linear takes {layer.in_features} of {width} numbers")
    weights = layer.weight.detach().numpy()
    bias = np.zeros(len(weights), np.float32) if layer.bias is None else layer.bias.detach().numpy()
    found.append(AffineLayer(weights, bias))
    return len(weights)


def _not_a_row(what: str) -> CompilationError:
    return CompilationError(
        f"not a row of linear layers and ReLUs: {what}", "compile it with `onnx`"
    )
