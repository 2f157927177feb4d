"""Whether a file's pieces, run in a row on the target, give what the file gives in one piece."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kenning_lego.compilers.artifact import Gap
from kenning_lego.compilers.comparison import GapMeter
from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import IOSpec
from kenning_lego.core.target import Target
from kenning_lego.datasets.random_data import random_tensors
from kenning_lego.scenarios.tester.configuration import TargetConfig

_SAMPLES = 8
_TOLERANCE = 1e-3


def compare(
    target: Target, whole: str, pieces: Sequence[str], spec: IOSpec, where: TargetConfig
) -> Gap:
    """Run both on random inputs.

    Args:
        target: holds all artifacts.
        whole: sha256 of the file.
        pieces: the same of its pieces, in order.
        spec: of the file, its batch of 1 bound.
        where: engine and threads.

    Raises:
        ModelError: they differ by more than rounding.
    """
    inputs = [[t.tobytes() for t in random_tensors(spec.inputs, n)] for n in range(_SAMPLES)]
    names = [each.name for each in spec.outputs]
    answers = []
    for stages in ([whole], pieces):
        target.compose(
            stages,
            runtime=where.runtime,
            threads=where.threads,
            outputs=names,
            options=where.options,
        )
        answers.append([target.infer(tensors)[0] for tensors in inputs])
    meter = GapMeter()
    for expected, found in zip(*answers, strict=True):
        meter.add(
            [np.frombuffer(o, s.dtype) for o, s in zip(found, spec.outputs, strict=True)],
            [np.frombuffer(o, s.dtype) for o, s in zip(expected, spec.outputs, strict=True)],
        )
    gap = meter.total()
    if not gap.max_abs <= _TOLERANCE * max(gap.scale, 1.0):
        raise ModelError(
            f"the pieces in a row differ from the whole file by {gap.max_abs:.3g} on up to "
            f"{gap.scale:.3g}",
            "cut elsewhere: the engine computes fused operators in another way than single ones",
        )
    return gap
