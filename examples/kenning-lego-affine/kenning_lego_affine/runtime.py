"""The engine ``affine``: dense networks in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.specs import IOSpec
from kenning_lego.runtimes.base import Tensors, Used
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.options import RuntimeOptions
from kenning_lego_affine.file_format import Affine, Network, unpack

Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class AffineOptions(RuntimeOptions):
    """Of the engine for dense networks.

    Args:
        double: whether to compute in float64.
    """

    double: bool = False


class AffineProgram:
    """A network that is ready to run.

    Args:
        network: what the file holds.
        dtype: in which it computes.
    """

    def __init__(self, network: Network, dtype: type[np.floating[Any]]) -> None:
        self.spec: IOSpec = network.spec
        self._network = network
        self._dtype = dtype

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        """Prepare to run on these tensors; nothing is allocated later."""
        source = tensors[self._network.source.name].reshape(-1)
        result = tensors[self._network.result.name].reshape(-1)
        first = np.zeros(source.shape, self._dtype)
        steps: list[Step] = [lambda: np.copyto(first, source)]
        current = first
        for layer in self._network.layers:
            if isinstance(layer, Affine):
                current, step = self._affine(layer, current)
            else:
                step = _relu(current)
            steps.append(step)
        steps.append(lambda: np.copyto(result, current, casting="same_kind"))

        def call() -> None:
            for step in steps:
                step()

        return call

    def _affine(self, layer: Affine, taken: NDArray[Any]) -> tuple[NDArray[Any], Step]:
        weights, bias = (each.astype(self._dtype) for each in (layer.weights, layer.bias))
        given = np.zeros(bias.shape, self._dtype)

        def run() -> None:
            np.dot(weights, taken, out=given)
            np.add(given, bias, out=given)

        return given, run


def _relu(array: NDArray[Any]) -> Step:
    return lambda: np.maximum(array, 0, out=array)


class AffineRuntime:
    """Runs affine networks by numpy; see :class:`kenning_lego.runtimes.base.Runtime`.

    Args:
        threads: numpy takes what its library was started with; told as it was asked for.
        options: what a host chose.
        offers: what the target's server lets hosts choose; nothing of it is needed.
    """

    name = "affine"
    formats: ClassVar[Mapping[str, str]] = {"affine": "an affine network"}
    options = AffineOptions

    def __init__(self, threads: int, options: AffineOptions, offers: Offers) -> None:
        del offers
        self._threads = threads
        self._double = options.double

    def load(self, artifact: bytes, batch: int) -> AffineProgram:
        """Load a file; its sizes are fixed, so there is no batch to choose.

        Raises:
            ModelError: it is no affine network.
        """
        del batch
        return AffineProgram(unpack(artifact), np.float64 if self._double else np.float32)

    def used(self) -> Used:
        """What really runs."""
        return {
            "engine": self.name,
            "version": f"numpy {np.__version__}",
            "threads": self._threads,
            "device": "CPU",
            "precision": "float64" if self._double else "float32",
        }
