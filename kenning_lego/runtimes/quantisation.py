"""Real numbers to the integers that stand for them, and back.

``real = scale * (integer - zero_point)`` (Jacob et al., "Quantization and training of neural
networks for efficient integer-arithmetic-only inference", 2018), one scale for a tensor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kenning_lego.core.specs import Quantisation, TensorSpec

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[Any]


def quantise(
    values: Floats, quantisation: Quantisation, dtype: str, out: Integers | None = None
) -> Integers:
    """The nearest integers, ties to even; what is beyond the type's range becomes its end.

    Args:
        values: real numbers of any shape; NaN becomes the zero point.
        quantisation: what the integers mean.
        dtype: an integer type of numpy.
        out: an array of that type and shape to write to.
    """
    limits = np.iinfo(dtype)
    # In double precision, so that int32 keeps its last digits.
    scaled = np.divide(values, quantisation.scale, dtype=np.float64)
    np.rint(scaled, out=scaled)
    scaled += quantisation.zero_point
    np.nan_to_num(scaled, copy=False, nan=quantisation.zero_point, posinf=np.inf, neginf=-np.inf)
    np.clip(scaled, limits.min, limits.max, out=scaled)
    if out is None:
        return scaled.astype(dtype)
    np.copyto(out, scaled, casting="unsafe")
    return out


def dequantise(integers: Integers, quantisation: Quantisation, out: Floats | None = None) -> Floats:
    """The real numbers, as float32, that integers stand for.

    Args:
        integers: of any shape and integer type of at most 32 bits.
        quantisation: what they mean.
        out: a float32 array of that shape to write to.
    """
    if out is None:
        out = np.empty(integers.shape, np.float32)
    centred = np.subtract(integers, quantisation.zero_point, dtype=np.float64)
    np.multiply(centred, quantisation.scale, out=out, casting="same_kind")
    return out


def to_bytes(values: npt.NDArray[Any], spec: TensorSpec) -> bytes:
    """What a host sends for a tensor: numbers as its element type, or as the integers for them.

    Args:
        values: of the tensor's shape; floats where it is quantised.
        spec: of the tensor.
    """
    if spec.quantisation and values.dtype.kind == "f":
        return quantise(values, spec.quantisation, spec.dtype).tobytes()
    return np.ascontiguousarray(values, spec.dtype).tobytes()


def to_array(content: bytes, spec: TensorSpec) -> npt.NDArray[Any]:
    """The numbers that a host got for a tensor, as float32 where it is quantised."""
    values = np.frombuffer(content, spec.dtype).reshape(spec.sizes)
    return dequantise(values, spec.quantisation) if spec.quantisation else values


def real_dtype(spec: TensorSpec) -> str:
    """The element type of what :func:`to_array` gives."""
    return "float32" if spec.quantisation else spec.dtype
