"""Programs that give and take float32 where their artifact has quantised integers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Program, Runtime, Tensors, Used, allocate
from kenning_lego.runtimes.quantisation import dequantise, quantise


class FloatProgram:
    """A program behind conversions, which are part of its call.

    Args:
        program: that has quantised inputs or outputs; others are passed on as they are.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.spec = IOSpec(
            tuple(map(_as_float, program.spec.inputs)), tuple(map(_as_float, program.spec.outputs))
        )

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        """Prepare to run on these tensors; see :class:`kenning_lego.runtimes.base.Program`."""
        spec = self._program.spec
        quantised = tuple(each for each in spec if each.quantisation)
        if not quantised:
            return self._program.bind(tensors)
        inner = {**tensors, **allocate(IOSpec((), quantised))}
        before = [
            partial(quantise, tensors[t.name], t.quantisation, t.dtype, inner[t.name])
            for t in spec.inputs
            if t.quantisation
        ]
        after = [
            partial(dequantise, inner[t.name], t.quantisation, tensors[t.name])
            for t in spec.outputs
            if t.quantisation
        ]
        run = self._program.bind(inner)

        def call() -> None:
            for convert in before:
                convert()
            run()
            for convert in after:
                convert()

        return call


def _as_float(spec: TensorSpec) -> TensorSpec:
    return replace(spec, dtype="float32", quantisation=None) if spec.quantisation else spec


class FloatRuntime:
    """An engine whose programs give and take float32.

    Args:
        runtime: the engine.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.name = runtime.name
        self._runtime = runtime

    def load(self, artifact: bytes, batch: int) -> FloatProgram:
        """Load an artifact; see :class:`kenning_lego.runtimes.base.Runtime`."""
        return FloatProgram(self._runtime.load(artifact, batch))

    def used(self) -> Used:
        """What the engine tells, and that its target converts."""
        return {**self._runtime.used(), "io": "float32"}
