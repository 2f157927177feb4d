"""A front as bytes, to be kept in a file; nothing in it is pickled.

Only the options are kept: the figures are added up again from the problem.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import StoreError
from kenning_lego.selection.dominance import Figures
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Problem

_DAMAGE: Final = (
    ValueError,
    KeyError,
    EOFError,
    OSError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and numpy raise at bytes that are no such file."""


def problem_content(problem: Problem) -> dict[str, Any]:
    """All that a front depends on, as JSON values in whole units."""
    return {
        "energy_known": problem.energy_known,
        "fixed": list(problem.fixed),
        "blocks": [
            [block.name, [[option.variant, *option.amounts] for option in block.options]]
            for block in problem.blocks
        ],
    }


def dump_front(front: Front) -> bytes:
    """A front as the content of an .npz file."""
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        options=front.options,
        gap=np.float64(front.gap),
        problem=np.frombuffer(_digest(front.problem), dtype=np.uint8),
    )
    return stream.getvalue()


def parse_front(problem: Problem, content: bytes) -> Front:
    """The front that was kept.

    Args:
        problem: of which it is the front.
        content: made by :func:`dump_front`.

    Raises:
        StoreError: it is damaged, or the front of another problem.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            options, gap, digest = arrays["options"], arrays["gap"], arrays["problem"]
    except _DAMAGE as error:
        raise _refusal(f"is damaged: {error}") from error
    if digest.tobytes() != _digest(problem):
        raise _refusal("belongs to another problem")
    limits = np.array([len(block.options) for block in problem.blocks])
    if (
        options.dtype.kind != "u"
        or options.ndim != 2
        or options.shape[1] != len(limits)
        or not len(options)
        or (options >= limits).any()
        or gap.shape != ()
        or not gap >= 0
    ):
        raise _refusal("is damaged: it holds something else")
    return Front(problem, _figures(problem, options), options, float(gap))


def _figures(problem: Problem, options: NDArray[np.unsignedinteger[Any]]) -> list[Figures]:
    """The sums of the options, one array a figure."""
    count = 4 if problem.energy_known else 3
    sums = [np.full(len(options), each, dtype=np.int64) for each in problem.fixed[:count]]
    for chosen, block in zip(options.T, problem.table, strict=True):
        for column, figures in zip(sums, np.array(block, dtype=np.int64).T, strict=False):
            column += figures[chosen]
    return sums


def _digest(problem: Problem) -> bytes:
    content = json.dumps(problem_content(problem), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).digest()


def _refusal(what: str) -> StoreError:
    return StoreError(f"the front that was kept {what}", "delete it, and have it made again")
