"""Programs bound to the arrays of a running pipeline, so that to switch is to pick calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def bind(self, digest: str, program: Program) -> Call:
        """The program's call on these arrays, made once."""
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
        self._programs: dict[str, Program] = {}
        self._kinds: dict[IOSpec, int] = {}
        """A number for each specification, since those take long to compare."""
        self._kind_of: dict[str, int] = {}
        self._layouts: dict[tuple[int, ...], _Layout] = {}

    @property
    def digests(self) -> tuple[str, ...]:
        """Of the programs, in the order in which they came."""
        return tuple(self._programs)

    def add(self, digest: str, program: Program) -> None:
        """Have a program, bound wherever it can stand in for one that was bound before."""
        self._programs[digest] = program
        kind = self._kinds.setdefault(program.spec, len(self._kinds))
        self._kind_of[digest] = kind
        for key, layout in self._layouts.items():
            if kind in key:
                layout.bind(digest, program)

    def remove(self, digest: str) -> None:
        """Have it no more."""
        del self._programs[digest], self._kind_of[digest]
        for layout in self._layouts.values():
            layout.calls.pop(digest, None)
        self._layouts = {key: each for key, each in self._layouts.items() if each.calls}

    def bind(self, stages: Sequence[str]) -> Call:
        """A call that runs the stages in order; quick if a chain of the kind was bound before.

        Raises:
            ModelError: they do not fit together, or their inputs or outputs are not the pipeline's.
        """
        layout = self._layout(stages)
        calls = [layout.bind(digest, self._programs[digest]) for digest in stages]
        return run_in_order(calls)

    def _layout(self, stages: Sequence[str]) -> _Layout:
        key = tuple(self._kind_of[digest] for digest in stages)
        layout = self._layouts.get(key)
        if layout is None:
            chain = [self._programs[digest] for digest in stages]
            self._check(chain)
            layout = self._layouts[key] = self._lay_out(chain)
        return layout

    def _check(self, chain: Sequence[Program]) -> None:
        spec = chain_spec(chain, self._outputs)
        same = set(spec.inputs) == set(self._spec.inputs) and spec.outputs == self._spec.outputs
        if not same:
            raise ModelError(
                f"the configuration has the tensors {spec}, the running one {self._spec}",
                "switch to variants of the same network, or compose another pipeline",
            )

    def _lay_out(self, chain: Sequence[Program]) -> _Layout:
        inner = tensors_of(chain)
        inner = {name: each for name, each in inner.items() if name not in self._borders}
        arrays = shared_arrays(inner, [places_of(chain)])
        return _Layout({**arrays, **self._borders})
