"""A network as an ordered chain of segments that covers every operation exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import fx

from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.capture.tracing import Opaque
from kenning_lego.blocks.cost import count_parameters
from kenning_lego.core.errors import ModelError, UnknownNameError
from kenning_lego.core.specs import TensorSpec


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A piece of a network.

    Args:
        name: unique in the chain, of letters, digits, ``_``, ``.`` and ``-``.
        module: takes the inputs in order; returns the output, or a tuple of several outputs.
        inputs: what it reads; the names tell where from.
        outputs: what it computes for later segments or for the caller.
        scalable: whether it is a block, which has variants.
    """

    name: str
    module: fx.GraphModule
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    scalable: bool

    def run(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Its outputs by name, from its inputs by name."""
        computed = tensors_in(self.module(*(tensors[spec.name] for spec in self.inputs)))
        return {spec.name: tensor for spec, tensor in zip(self.outputs, computed, strict=True)}

    def example(self) -> tuple[torch.Tensor, ...]:
        """Inputs of zeros with the shapes and types of the example that the chain was cut with."""
        return tuple(
            torch.zeros(spec.sizes, dtype=getattr(torch, spec.dtype)) for spec in self.inputs
        )

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return count_parameters(self.module)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Segments in the order in which they run.

    Args:
        segments: each reads inputs of the network or outputs of earlier segments.
        inputs: the network's inputs.
        outputs: what the network returns.
        opaque: sub-modules that fixed segments hold whole, since they could not be looked into.
    """

    segments: tuple[Segment, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    opaque: tuple[Opaque, ...] = ()

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def __len__(self) -> int:
        return len(self.segments)

    def __getitem__(self, name: str) -> Segment:
        for segment in self.segments:
            if segment.name == name:
                return segment
        raise UnknownNameError("segment", name, (each.name for each in self.segments))

    @property
    def blocks(self) -> tuple[Segment, ...]:
        """The scalable segments."""
        return tuple(each for each in self.segments if each.scalable)

    @property
    def parameters(self) -> int:
        """Number of parameters, those that segments share counted once."""
        return count_parameters(*(each.module for each in self.segments))

    def run(self, inputs: torch.Tensor | Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """The network's outputs, computed without gradients, segment after segment.

        Raises:
            ModelError: another number of inputs than the network has.
        """
        return self.results(self.tensors(inputs))

    @torch.no_grad()
    def tensors(self, inputs: torch.Tensor | Sequence[torch.Tensor]) -> dict[str, torch.Tensor]:
        """All tensors that cross borders, by name, the network's inputs and outputs included.

        Raises:
            ModelError: another number of inputs than the network has.
        """
        given = (inputs,) if isinstance(inputs, torch.Tensor) else tuple(inputs)
        if len(given) != len(self.inputs):
            raise ModelError(
                f"the network has {len(self.inputs)} inputs, {len(given)} were given",
                f"give {', '.join(map(str, self.inputs))}",
            )
        tensors = {spec.name: tensor for spec, tensor in zip(self.inputs, given, strict=True)}
        for segment in self.segments:
            tensors.update(segment.run(tensors))
        return tensors

    @torch.no_grad()
    def resume(self, tensors: Mapping[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
        """The tensors as they become when everything from segment `name` on runs again.

        Raises:
            UnknownNameError: no segment has that name.
        """
        first = self.segments.index(self[name])
        current = dict(tensors)
        for segment in self.segments[first:]:
            current.update(segment.run(current))
        return current

    def results(self, tensors: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """What the network returns, picked from all tensors."""
        return tuple(tensors[spec.name] for spec in self.outputs)

    def replace(self, modules: Mapping[str, fx.GraphModule]) -> Chain:
        """The same chain with other modules in the segments that are named.

        Raises:
            UnknownNameError: no segment has that name.
        """
        for name in modules:
            self[name]
        segments = tuple(
            replace(each, module=modules.get(each.name, each.module)) for each in self.segments
        )
        return replace(self, segments=segments)

    def __str__(self) -> str:
        rows = [("segment", "kind", "parameters", "inputs", "outputs")]
        rows += [
            (
                each.name,
                "block" if each.scalable else "fixed",
                f"{each.parameters:,}",
                ", ".join(map(str, each.inputs)),
                ", ".join(map(str, each.outputs)),
            )
            for each in self.segments
        ]
        name, kind, parameters, inputs, _ = (
            max(map(len, column)) for column in zip(*rows, strict=True)
        )
        lines = [
            f"{row[0]:{name}}  {row[1]:{kind}}  {row[2]:>{parameters}}  {row[3]:{inputs}}  {row[4]}"
            for row in rows
        ]
        lines.append(f"{len(self.blocks)} blocks, {self.parameters:,} parameters")
        return "\n".join([*lines, *(f"left whole: {each}" for each in self.opaque)])
