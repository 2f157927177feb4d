"""Programs bound to the arrays of a running pipeline, so that to switch is to pick calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import IOSpec
from kenning_lego.runtimes.base import Arrays, Program
from kenning_lego.servers.buffers import places_of, shared_arrays
from kenning_lego.servers.pipeline import chain_spec, run_in_order, tensors_of

Call = Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Arrays for chains whose stages take and give the same tensors, and calls bound to them."""

    arrays: Arrays
    calls: dict[str, Call] = field(default_factory=dict)

    def call(self, digest: str, program: Program) -> Call:
        call = self.calls.get(digest)
        if call is None:
            call = self.calls[digest] = program.bind(self.arrays)
        return call


class Wiring:
    """Binds chains of programs; inputs and outputs keep their place, whatever runs between them.

    Args:
        spec: the pipeline's inputs and outputs.
        outputs: names of the tensors to return, as for :func:`.pipeline.chain_spec`.
        arrays: of `spec`.
    """

    def __init__(self, spec: IOSpec, outputs: Sequence[str], arrays: Arrays) -> None:
        self._spec = spec
        self._outputs = tuple(outputs)
        self._borders = dict(arrays)
        self._layouts: dict[tuple[IOSpec, ...], _Layout] = {}

    def check(self, chain: Sequence[Program]) -> None:
        """See that a chain can stand in for the pipeline's.

        Raises:
            ModelError: its stages do not fit together, or its inputs or outputs are others.
        """
        spec = chain_spec(chain, self._outputs)
        same = set(spec.inputs) == set(self._spec.inputs) and spec.outputs == self._spec.outputs
        if not same:
            raise ModelError(
                f"the configuration has the tensors {spec}, the running one {self._spec}",
                "switch to variants of the same network, or compose another pipeline",
            )

    def bind(self, stages: Sequence[str], programs: Mapping[str, Program]) -> Call:
        """A call that runs the stages in order.

        Raises:
            ModelError: see :meth:`check`.
        """
        chain = [programs[digest] for digest in stages]
        self.check(chain)
        key = tuple(program.spec for program in chain)
        layout = self._layouts.get(key)
        if layout is None:
            layout = self._layouts[key] = self._lay_out(chain)
        calls = [layout.call(digest, programs[digest]) for digest in stages]
        return run_in_order(calls)

    def prepare(self, digest: str, program: Program) -> None:
        """Bind a program wherever it can stand in for one that was bound before."""
        for key, layout in self._layouts.items():
            if program.spec in key:
                layout.call(digest, program)

    def forget(self, digest: str) -> None:
        """A program is no longer loaded."""
        for layout in self._layouts.values():
            layout.calls.pop(digest, None)
        self._layouts = {key: each for key, each in self._layouts.items() if each.calls}

    def _lay_out(self, chain: Sequence[Program]) -> _Layout:
        inner = tensors_of(chain)
        inner = {name: each for name, each in inner.items() if name not in self._borders}
        arrays = shared_arrays(inner, [places_of(chain)])
        return _Layout({**arrays, **self._borders})
