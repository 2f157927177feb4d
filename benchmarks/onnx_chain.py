"""A chain's segments in ONNX Runtime, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from torch import Tensor

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.source import CompileSource

TOLERANCE = 1e-4

Arrays = dict[str, NDArray[np.float32]]


def onnx_gap(chain: Chain, tensors: Mapping[str, Tensor]) -> float:
    """Run every segment in ONNX Runtime, one after the other, and compare the network's outputs.

    Also one variant of a block in the middle, which the compiler compares with torch.

    Raises:
        CompilationError: a segment cannot be exported, or computes something else on its own.
    """
    known: Arrays = {spec.name: tensors[spec.name].numpy() for spec in chain.inputs}
    for segment in chain:
        example = [tensors[spec.name] for spec in segment.inputs]
        known |= _run_onnx(segment, example, known)
    middle = chain.blocks[len(chain.blocks) // 2]
    taken = tuple(tensors[spec.name] for spec in middle.inputs)
    variant = make_variants(replace(chain, segments=(middle,)), (0.0, 0.5))[middle.name][-1]
    source = CompileSource(variant.module, None, middle.inputs, middle.outputs, taken)
    Onnx(gap=GapConfig(tolerance=TOLERANCE)).compile(source)
    return max(_gap(known[spec.name], tensors[spec.name].numpy()) for spec in chain.outputs)


def _gap(found: NDArray[np.float32], expected: NDArray[np.float32]) -> float:
    scale = float(np.abs(expected).max(initial=np.finfo(np.float32).tiny))
    return float(np.abs(found - expected).max(initial=0.0)) / scale


def _run_onnx(segment: Segment, example: Sequence[Tensor], known: Arrays) -> Arrays:
    source = CompileSource(segment.module, None, segment.inputs, segment.outputs, tuple(example))
    artifact = Onnx().compile(source)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(artifact.content, options, providers=["CPUExecutionProvider"])
    feeds = {each.name: known[each.name] for each in session.get_inputs()}
    outputs = session.run(None, feeds)
    return {spec.name: each for spec, each in zip(segment.outputs, outputs, strict=True)}
