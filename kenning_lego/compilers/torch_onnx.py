"""From a torch module to an ONNX file, checked against torch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.configuration import DEFAULT_TOLERANCE
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.specs import TensorSpec


def compile_onnx(
    module: nn.Module,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    example: Sequence[Tensor],
    *,
    tolerance: float = DEFAULT_TOLERANCE,
) -> CompiledArtifact:
    """Export a module to ONNX and compare what ONNX Runtime computes with torch.

    Args:
        module: in evaluation mode.
        inputs: names of the artifact's inputs, in the order of the module's arguments.
        outputs: names of its outputs.
        example: inputs of the shapes to export for.
        tolerance: largest difference allowed, relative to the largest absolute output.

    Raises:
        CompilationError: the module cannot be exported, or the artifact computes something else.
    """
    where = f"segment ({', '.join(t.name for t in inputs)}) -> {', '.join(t.name for t in outputs)}"
    model = _export(module, inputs, outputs, example, where)
    content = model.SerializeToString(deterministic=True)
    gap = _gap(module, content, inputs, example, tolerance, where)
    return CompiledArtifact(content, "onnx", "torch.onnx", str(torch.__version__), gap)


def _export(
    module: nn.Module,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    example: Sequence[Tensor],
    where: str,
) -> onnx.ModelProto:
    with _quiet():
        try:
            program = torch.onnx.export(
                module,
                tuple(example),
                dynamo=True,
                external_data=False,
                input_names=[t.name for t in inputs],
                output_names=[t.name for t in outputs],
                verbose=False,
            )
        except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
            raise CompilationError(
                f"{where} cannot be exported to ONNX: {_first_line(error)}",
                "keep the operation in a fixed segment that another compiler supports",
            ) from error
    if program is None:
        raise CompilationError(f"{where} was not exported to ONNX")
    model: onnx.ModelProto = program.model_proto
    _strip(model)
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Remove stack traces and names of source files: equal modules must give equal bytes."""
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    graph.doc_string = ""
    for owner in (graph, *graph.node, *graph.initializer, *graph.value_info, *model.functions):
        owner.doc_string = ""
        del owner.metadata_props[:]
    for value in (*graph.input, *graph.output):
        value.doc_string = ""
        del value.metadata_props[:]


def _gap(
    module: nn.Module,
    content: bytes,
    inputs: Sequence[TensorSpec],
    example: Sequence[Tensor],
    tolerance: float,
    where: str,
) -> float:
    with torch.no_grad():
        expected = module(*example)
    expected = expected if isinstance(expected, tuple | list) else (expected,)
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    feeds = {spec.name: tensor.numpy() for spec, tensor in zip(inputs, example, strict=True)}
    # The exporter drops inputs that the outputs do not depend on.
    taken = {node.name for node in session.get_inputs()}
    found = session.run(None, {name: value for name, value in feeds.items() if name in taken})
    gap = scale = 0.0
    for ours, theirs in zip(found, expected, strict=True):
        reference = theirs.numpy()
        gap = max(gap, float(np.abs(ours - reference).max(initial=0.0)))
        scale = max(scale, float(np.abs(reference).max(initial=0.0)))
    if not gap <= tolerance * max(scale, 1.0):
        raise CompilationError(
            f"the ONNX form of {where} differs from torch by {gap:.3g} on up to {scale:.3g}",
            "another version of torch or onnxruntime may agree; report it with the module",
        )
    return gap


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's chatter away; what matters comes as an exception."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
