"""The compiler to torch.export's files, for targets with torch."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from kenning_lego.compilers.artifact import SPECIFICATION, ArtifactFormat, Built
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.specs import TensorSpec

if TYPE_CHECKING:
    from torch import fx


class TorchExport(Compiler):
    """torch.export: the graph and the weights, without the network's class."""

    format: ClassVar[ArtifactFormat] = "torch"
    extra: ClassVar[str] = "host"

    type: Literal["torch"] = "torch"
    """The compiler's short name."""
    precision: Literal["fp32"] = "fp32"
    """Of weights and arithmetic; torch's own."""

    def packages(self) -> tuple[str, ...]:
        """Distributions that take part."""
        return ("torch",)

    def build(self, source: CompileSource) -> Built:
        """Export a module; see the base class."""
        import torch

        from kenning_lego.compilers.exporting import failure, quiet

        if source.module is None:
            raise CompilationError(
                f"{source} is an ONNX file, which torch cannot read", "compile it with `onnx`"
            )
        buffer = io.BytesIO()
        with quiet():
            try:
                program = torch.export.export(source.module, source.example)
                # Without operators that write into their inputs; nothing else is decomposed.
                program = program.run_decompositions({})
                _strip(program.graph_module)
                # The example would be kept as a pickle.
                program.example_inputs = None
                names = {"inputs": _names(source.inputs), "outputs": _names(source.outputs)}
                extra = {SPECIFICATION: json.dumps(names)}
                torch.export.save(program, buffer, extra_files=extra)
            except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
                raise failure(source, "torch.export", error) from error
        return Built(buffer.getvalue())


def _strip(module: fx.GraphModule) -> None:
    """Keep nothing but the values' shapes: the rest tells of source files and earlier exports."""
    for node in module.graph.nodes:
        node.meta = {"val": node.meta["val"]} if "val" in node.meta else {}


def _names(specs: Sequence[TensorSpec]) -> list[dict[str, object]]:
    return [{"name": s.name, "shape": list(s.shape), "dtype": s.dtype} for s in specs]
