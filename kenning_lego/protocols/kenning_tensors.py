"""The tensors of a model as they are on Kenning's wire: one run of bytes, in IO_SPEC's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Frame
from kenning_lego.protocols.kenning_spec import Agreement, agree


@dataclass(frozen=True, slots=True)
class WireTensors:
    """How a loaded model's tensors lie on the wire.

    Args:
        spec: of the model, with its batch bound.
        agreement: with what the host announced.
        sizes: bytes of each input in the order of the wire.
    """

    spec: IOSpec
    agreement: Agreement
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, announced: IOSpec, spec: IOSpec) -> WireTensors:
        """The tensors of a model that a host has announced.

        Raises:
            ProtocolError: it is not what was announced.
        """
        agreement = agree(announced, spec)
        places = sorted(range(len(spec.inputs)), key=agreement.inputs.__getitem__)
        return cls(spec, agreement, tuple(spec.inputs[place].nbytes for place in places))

    @property
    def input_bytes(self) -> int:
        """Of all inputs."""
        return sum(self.sizes)

    def inputs(self, content: bytes) -> tuple[Frame, ...]:
        """The model's inputs from what came over the wire.

        A single input may have fewer samples than a batch, as the last of a data set has: the
        others are zeros, as they are on Kenning's own targets.

        Raises:
            ProtocolError: it is not as much as the model takes.
        """
        inputs, whole = self.spec.inputs, self.input_bytes
        if len(inputs) == 1 and 0 < len(content) < whole:
            sample = whole // (inputs[0].sizes or (1,))[0]
            if not len(content) % sample:
                content = content.ljust(whole, b"\0")
        if len(content) != whole:
            raise ProtocolError(
                f"DATA of {len(content)} bytes for inputs of {whole} bytes: "
                f"{', '.join(map(str, inputs))}",
                "send C-order bytes of exactly those shapes and element types",
            )
        frames, begin = [], 0
        for size in self.sizes:
            frames.append(content[begin : begin + size])
            begin += size
        return tuple(frames[place] for place in self.agreement.inputs)

    def outputs(self, payload: Sequence[Frame]) -> bytes:
        """The model's outputs as they go over the wire.

        Raises:
            ProtocolError: they are not as many as the model has.
        """
        if len(payload) != len(self.spec.outputs):
            raise ProtocolError("OUTPUT without a result", "send DATA and PROCESS first")
        return b"".join(payload[place] for place in self.agreement.outputs)
