"""What an engine offers: load an artifact, bind its tensors, run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kenning_lego.core.specs import IOSpec

Tensors = Mapping[str, npt.NDArray[Any]]
"""Tensors by name."""

Arrays = dict[str, npt.NDArray[Any]]
"""Tensors by name, of somebody who adds to them."""


Used = Mapping[str, str | int | float]
"""Facts about what really ran."""


class Program(Protocol):
    """An artifact that an engine has loaded.

    Attributes:
        spec: its inputs and outputs with the batch dimension bound.
    """

    spec: IOSpec

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        """Prepare to run on these tensors: inputs are read from them, outputs written to them.

        Everything that can be done once is done here, so that the returned call is little
        more than the engine's own.

        Args:
            tensors: C-contiguous arrays; at least one for each name in `spec`.
        """
        ...


class Runtime(Protocol):
    """An engine with its options.

    Attributes:
        name: under which it is looked up.
    """

    name: str

    def load(self, artifact: bytes, batch: int) -> Program:
        """Load an artifact.

        Args:
            artifact: the file's bytes.
            batch: size of a symbolic batch dimension.

        Raises:
            ModelError: the engine cannot load it.
        """
        ...

    def used(self) -> Used:
        """What really runs, by name: of the engine, and of all artifacts loaded so far.

        Every engine tells ``engine``, ``version``, ``threads`` and where it runs (``provider``,
        ``delegate`` or ``device``). Where that may leave operators to the engine's plain kernels
        on the CPU, ``nodes`` counts all operators and ``fallback_nodes`` those.
        """
        ...


def allocate(spec: IOSpec) -> Arrays:
    """Zeroed arrays for every tensor of a specification with a bound batch dimension."""
    return {tensor.name: np.zeros(tensor.sizes, dtype=tensor.dtype) for tensor in spec}
