"""torch: runs exported programs, operator by operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from kenning_lego.core.errors import ConfigurationError, ModelError, ProtocolError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors, Used, allocate
from kenning_lego.runtimes.formats import require_format
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.options import TorchOptions
from kenning_lego.runtimes.torch_archive import Archive, Value, read_archive
from kenning_lego.runtimes.torch_graph import SCALAR_TYPES, Lowered

_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
"""What torch, and reading a foreign graph as if it were well formed, may raise."""


class _TorchProgram:
    """A module with its specification."""

    def __init__(self, lowered: Lowered, spec: IOSpec, device: torch.device) -> None:
        self.spec = spec
        self._module = lowered.module
        self._device = device
        self._copies = lowered.changes_in_place

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        device, copies = self._device, self._copies
        inputs = [torch.from_numpy(tensors[t.name]) for t in self.spec.inputs]
        outputs = [torch.from_numpy(tensors[t.name]) for t in self.spec.outputs]
        forward, mode = self._module.forward, torch.inference_mode
        moves = copies or device.type != "cpu"

        def call() -> None:
            with mode():
                given = [each.to(device, copy=copies) for each in inputs] if moves else inputs
                for room, result in zip(outputs, forward(*given), strict=True):
                    room.copy_(result)

        return call


class TorchRuntime:
    """torch on the CPU or a CUDA device, without a compiler.

    Args:
        threads: of the process: torch has one pool for all programs.
        options: see :class:`kenning_lego.runtimes.options.TorchOptions`.
        offers: nothing of them is used.

    Raises:
        ConfigurationError: there is no such device.
    """

    name = "torch"

    def __init__(
        self,
        threads: int = 1,
        options: TorchOptions | None = None,
        offers: Offers | None = None,  # noqa: ARG002 - as all engines are made
    ) -> None:
        options = options or TorchOptions()
        if options.device == "cuda" and not torch.cuda.is_available():
            raise ConfigurationError(
                f"torch {torch.__version__} finds no CUDA device",
                "install a build of torch for the machine's CUDA, or choose the device cpu",
            )
        self._device = torch.device(options.device)
        self._threads = threads
        torch.set_num_threads(threads)

    def load(self, artifact: bytes, batch: int) -> _TorchProgram:
        """Load an exported program; see :class:`kenning_lego.runtimes.base.Runtime`.

        It is run once, which is when torch finds out whether the arguments suit its operators.

        Raises:
            ModelError: it cannot be read without unpickling, or torch cannot run it.
        """
        require_format(artifact, self.name, ("torch",))
        archive = read_archive(artifact)
        try:
            spec = _io_spec(archive).with_batch(batch)
            program = _TorchProgram(Lowered(archive, self._device), spec, self._device)
            arrays = allocate(spec)
            program.bind(arrays)()
        except _MALFORMED as error:
            raise ModelError(
                f"torch {torch.__version__} cannot run the artifact: {_brief(error)}",
                "export it with a release of torch that is no newer than the target's",
            ) from error
        return program

    def used(self) -> Used:
        """Engine, version, device and threads."""
        return {
            "engine": self.name,
            "version": str(torch.__version__),
            "device": str(self._device),
            "threads": self._threads,
        }


def _io_spec(archive: Archive) -> IOSpec:
    batches = {v.sizes[0] for n in archive.inputs if (v := archive.values[n]).sizes}
    symbols: set[int | str] = {size for size in batches if isinstance(size, str)}
    if len(symbols) > 1:
        raise ModelError(
            "the artifact's inputs have batches of different sizes",
            "export it with one torch.export.Dim for the batch",
        )
    return IOSpec(
        *(
            tuple(
                _spec(name, archive.values[own], symbols)
                for name, own in zip(names, owns, strict=True)
            )
            for names, owns in zip(archive.names, (archive.inputs, archive.outputs), strict=True)
        )
    )


def _spec(name: str, value: Value, symbols: set[int | str]) -> TensorSpec:
    if any(isinstance(size, str) and size not in symbols for size in value.sizes[:1]):
        raise ModelError(
            f"the first size of tensor {name!r} depends on the batch",
            "export the network for one batch size",
        )
    shape = tuple("batch" if size in symbols else size for size in value.sizes)
    dtype = str(SCALAR_TYPES[value.dtype]).removeprefix("torch.")
    try:
        return TensorSpec(name, shape, dtype)
    except ProtocolError as error:
        raise ModelError(
            error.problem, "export the network with fixed sizes (the batch may be symbolic)"
        ) from error


def _brief(error: Any) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
