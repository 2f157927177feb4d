"""Artifacts that take no time to load unless they are told to, and say in their output who ran."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from kenning_lego.core.errors import ModelError, StoreError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import Tensors


class Digit:
    """A program that appends a digit to a number: x becomes 10 x + digit."""

    def __init__(self, source: str, result: str, digit: int) -> None:
        self.spec = IOSpec(
            (TensorSpec(source, (1,), "int64"),), (TensorSpec(result, (1,), "int64"),)
        )
        self._digit = digit

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        (source,), (result,) = self.spec.inputs, self.spec.outputs
        before, after = tensors[source.name], tensors[result.name]

        def run() -> None:
            np.multiply(before, 10, out=after)
            np.add(after, self._digit, out=after)

        return run


class Artifacts:
    """A store with an engine: variants named ``BLOCK:DIGIT``, of three blocks, and fused forms.

    ``b:2`` is the second block's variant that appends a 2; ``fused:123`` appends all three.

    Args:
        sizes: bytes by name; 10 for what it does not name.
    """

    def __init__(self, **sizes: int) -> None:
        self.sizes = {name.replace("_", ":"): size for name, size in sizes.items()}
        self.loads: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.gates: dict[str, threading.Event] = {}
        """What is loaded only once its gate is opened."""
        self.reached = threading.Semaphore(0)
        """Released for each artifact that waits at a gate."""

    def size(self, name: str) -> int:
        if name.startswith("missing"):
            raise StoreError(f"artifact {name} is not in the store", "upload it first")
        return self.sizes.get(name, 10)

    def load(self, name: str) -> Digit:
        if name in self.gates:
            self.reached.release()
            assert self.gates[name].wait(30)
        if name in self.failing:
            raise self.failing[name]
        self.loads.append(name)
        block, digits = name.split(":")
        tensors = {
            "a": ("x", "m"),
            "b": ("m", "n"),
            "c": ("n", "y"),
            "fused": ("x", "y"),
            "other": ("x", "z"),
        }
        source, result = tensors[block]
        return _Fused(digits) if block == "fused" else Digit(source, result, int(digits))

    def hold(self, name: str) -> threading.Event:
        """Have an artifact's loading wait until the event is set."""
        gate = self.gates[name] = threading.Event()
        return gate

    def fail(self, name: str, error: Exception | None = None) -> None:
        self.failing[name] = error or ModelError("not what it says", "compile it again")


class _Fused(Digit):
    def __init__(self, digits: str) -> None:
        super().__init__("x", "y", int(digits))

    def bind(self, tensors: Tensors) -> Callable[[], object]:
        before, after = tensors["x"], tensors["y"]

        def run() -> None:
            np.multiply(before, 1000, out=after)
            np.add(after, self._digit, out=after)

        return run


def stages(digits: str) -> list[str]:
    """The configuration whose output ends in these three digits."""
    return [f"{block}:{digit}" for block, digit in zip("abc", digits, strict=True)]
