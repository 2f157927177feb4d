"""Whole networks to compile, run and compare, each in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.once import Compiled, compile_once
from kenning_lego.compilers.samples import samples_of
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.engines import Engine
from kenning_lego.core.specs import TensorSpec
from kenning_lego.datasets.base import Dataset
from kenning_lego.scenarios.tester.compiling import compile_data
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.prediction import predict
from kenning_lego.training.weights import module_fingerprint

INPUT, OUTPUT = "image", "scores"
"""Names of the tensors of networks that are compiled whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network, whole.

    Args:
        name: such as ``original`` or ``pruned-0.40``.
        module: in evaluation mode; takes images, gives one tensor.
        kind: of the variants that it is made of.
        ratio: share of its blocks' FLOPs, or parameters, that was to be removed.
        flops: 2 x multiply-accumulates for one image.
        parameters: how many it has.
    """

    name: str
    module: nn.Module
    kind: str
    ratio: float
    flops: int
    parameters: int


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network, how it is compiled, and what runs it.

    Args:
        name: unique among the candidates.
        network: it is.
        compiler: makes the artifact.
        engine: runs it.
    """

    name: str
    network: Network
    compiler: Compiler
    engine: Engine


class Namer:
    """Gives names that are unique and say what differs."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, compiled: str, engine: Engine) -> str:
        """Such as ``pruned-0.40, onnx int8 on onnxruntime (provider=xnnpack)``."""
        base = f"{compiled} on {engine.runtime}"
        if engine.options:
            base += f" ({_said(engine.options)})"
        name, number = base, 1
        while name in self._given:
            number += 1
            name = f"{base} #{number}"
        self._given.add(name)
        return name


def compile_candidate(candidate: Candidate, dataset: Dataset, workspace: Workspace) -> Compiled:
    """Compile a candidate, or find its artifact in the workspace.

    Raises:
        CompilationError: it cannot be compiled in this way, or computes something else.
        MissingDependencyError: the compiler's package is not installed.
        ModelError: the network refuses the images.
    """
    data = compile_data(dataset, candidate.compiler)
    module, image = candidate.network.module, data.validation[:1]
    outputs = predict(module, image)
    calibration = None if data.calibration is None else samples_of(data.calibration)
    source = CompileSource(
        module,
        None,
        (TensorSpec(INPUT, image.shape, "float32"),),
        (TensorSpec(OUTPUT, outputs.shape, str(outputs.dtype)),),
        (torch.tensor(image),),
        calibration=calibration,
        validation=samples_of(data.validation),
        classifier=outputs.ndim == 2 and outputs.shape[1] == len(dataset.classes),
    )
    return compile_once(source, module_fingerprint(module), candidate.compiler, workspace)


def _said(options: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(options.items()))
