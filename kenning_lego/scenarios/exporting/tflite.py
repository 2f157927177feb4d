"""A configuration of a tested network as one TFLite file, compiled anew from its modules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.latency import chosen_variants
from kenning_lego.blocks.storage.networks import load_network
from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.comparison import GapMeter
from kenning_lego.compilers.engines import Arrays
from kenning_lego.compilers.limits import FLOAT32_TOLERANCE
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.opening import open_artifact
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError, ConfigurationError
from kenning_lego.core.records import VariantRecord
from kenning_lego.scenarios.exporting.exportable import Exportable
from kenning_lego.scenarios.online.tested import TestedNetwork


def compile_tflite(tested: TestedNetwork, what: Exportable) -> CompiledArtifact:
    """Put the configuration's modules together, compile them, and compare with its artifacts.

    Returns:
        The file; its gap is the one to the chain of the artifacts that were tested.

    Raises:
        ConfigurationError: a variant is not in float32.
        MissingDependencyError: litert-torch is not installed.
        CompilationError: the network cannot be compiled, or computes something else.
        StoreError: the network's modules are not in the workspace.
    """
    compiler = LiteRt()
    compiler.versions()
    chosen = chosen_variants(tested.record.segments, what.variants)
    _check_precision(chosen)
    chain = _composed(tested, chosen)
    example = tested.example()
    source = CompileSource(
        _Whole(chain).eval(),
        None,
        chain.inputs,
        chain.outputs,
        tuple(torch.from_numpy(example[spec.name]) for spec in chain.inputs),
    )
    made = compiler.compile(source)
    found = open_artifact(made.content, "tflite")(example)
    tensors: dict[str, NDArray[Any]] = dict(example)
    for variant in chosen:
        tensors.update(_run(tested, variant, tensors))
    names = [spec.name for spec in chain.outputs]
    meter = GapMeter()
    meter.add([found[name] for name in names], [tensors[name] for name in names])
    gap = meter.total()
    if not gap.max_abs <= FLOAT32_TOLERANCE * max(gap.scale, 1.0):
        raise CompilationError(
            f"the file differs from what was tested by {gap.max_abs:.3g} on up to {gap.scale:.3g}",
            "if the blocks were made again since, test them again; else report it",
        )
    return replace(made, gap=gap)


def _check_precision(chosen: Sequence[VariantRecord]) -> None:
    others = [v.name for v in chosen if (v.artifact.precision or "fp32") != "fp32"]
    if others:
        raise ConfigurationError(
            f"a TFLite file is compiled in float32, and {', '.join(others)} is not",
            "export a configuration in float32, or write ONNX",
        )


def _composed(tested: TestedNetwork, chosen: Sequence[VariantRecord]) -> Chain:
    directory = tested.workspace.network(tested.record.network.name)
    stored = load_network(directory)
    modules = {}
    for segment, variant in zip(tested.record.segments, chosen, strict=True):
        known = {each.name: each.module for each in stored.variants.get(segment.name, ())}
        if variant.source not in known:
            raise ConfigurationError(
                f"{directory} has no {variant.source}: its blocks were made again since that test",
                "test the network again",
            )
        modules[segment.name] = known[variant.source]
    return stored.chain.replace(modules)


class _Whole(nn.Module):
    """A chain as one module, from its inputs in order to its outputs in order."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self._chain = chain
        self.segments = nn.ModuleList([each.module for each in chain])

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        names = (spec.name for spec in self._chain.inputs)
        tensors = dict(zip(names, inputs, strict=True))
        for segment in self._chain:
            tensors.update(segment.run(tensors))
        results = self._chain.results(tensors)
        return results[0] if len(results) == 1 else results


def _run(tested: TestedNetwork, variant: VariantRecord, tensors: Arrays) -> Arrays:
    kind = variant.artifact.format
    content = tested.workspace.artifacts.read(variant.artifact.digest)
    return open_artifact(content, kind)(tensors)
