"""Read the pickles that CIFAR is published in, without running anything that they name.

A pickle is a program that may name any callable. Here it is refused unless all its operations
build plain values. Every name but numpy's three for rebuilding an array is refused, and those
three stand for inert records; the array is rebuilt by our own code afterwards.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError

# fmt: off
_OPERATIONS = frozenset((
    "PROTO", "FRAME", "STOP", "MARK", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD",
    "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "SHORT_BINSTRING", "BINSTRING", "SHORT_BINUNICODE", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES",
    "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS",
    "EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET",
    "LONG_BINGET",
))
# fmt: on


class PickledArray:
    """Stands in for a pickled numpy array; ignores what it is made with, keeps its state."""

    _state: object = None

    def __init__(self, *_: object) -> None:
        """Whatever the pickle says."""

    def __setstate__(self, state: object) -> None:
        self._state = state

    def to_bytes_array(self) -> NDArray[np.uint8]:
        """The array, if its elements are unsigned bytes.

        Raises:
            ValueError: it is no such array, or its size is not that of its data.
        """
        match self._state:
            case (_, tuple() as shape, _PickledType(code="u1"), order, bytes() | str() as raw):
                data = raw.encode("latin1") if isinstance(raw, str) else raw
            case _:
                raise ValueError("not an array of unsigned bytes")
        if not all(isinstance(size, int) and size > 0 for size in shape):
            raise ValueError(f"an array of shape {shape}")
        if math.prod(shape) != len(data):
            raise ValueError(f"{len(data)} bytes for an array of shape {shape}")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if order else "C")


class _PickledType:
    """Stands in for a pickled numpy element type; its state (byte order, fields) is ignored."""

    __slots__ = ("code",)

    def __init__(self, code: object = None, *_: object) -> None:
        self.code = code.decode("latin1") if isinstance(code, bytes) else code

    def __setstate__(self, _: object) -> None:
        """Bytes have no byte order and no fields."""


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): PickledArray,
    ("numpy._core.multiarray", "_reconstruct"): PickledArray,
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): _PickledType,
}


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is refused") from None


def read_inert_pickle(content: bytes, where: str) -> dict[str, Any]:
    """Read a pickled dictionary of plain containers, numbers, strings and byte arrays.

    Args:
        content: the pickle; strings of Python 2 are read as Latin-1.
        where: the file's name, for errors.

    Raises:
        ConfigurationError: it is damaged, holds anything else, or is not a dictionary.
    """
    try:
        _check_operations(content)
        value = _InertUnpickler(io.BytesIO(content), encoding="latin1").load()
    except (
        pickle.UnpicklingError,
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        TypeError,
        ValueError,
    ) as error:  # what the module says that a damaged pickle raises
        raise ConfigurationError(
            f"{where} is refused or damaged: {error}", "use the file as it was published"
        ) from error
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} holds no dictionary", "use the file as it was published")
    return {str(key): entry for key, entry in value.items()}


def _check_operations(content: bytes) -> None:
    with warnings.catch_warnings():
        # Of odd escapes in operations that are refused once they are named.
        warnings.simplefilter("ignore", DeprecationWarning)
        for operation, argument, _ in pickletools.genops(content):
            if operation.name not in _OPERATIONS:
                raise pickle.UnpicklingError(f"its operation {operation.name} is refused")
            # The unpickler allocates as many places as the highest index says.
            if operation.name == "LONG_BINPUT" and int(argument or 0) > len(content):
                raise pickle.UnpicklingError(f"it stores at index {argument}")
