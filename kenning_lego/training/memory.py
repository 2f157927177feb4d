"""How much memory a training takes, and which students fit into it together."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.training.course import Lesson, Student

PROCESS_BYTES = 450_000_000
"""Of a process that has torch loaded and has computed something, with what malloc keeps."""

_KEPT_PER_WEIGHT = 3
"""The best weights so far and AdamW's two moments, beside the weights themselves."""
_PASSING_OUTPUTS = 6
"""Outputs, targets and gradients in flight, and what convolutions put aside, in outputs."""


@dataclass(frozen=True, slots=True)
class Need:
    """Memory that training a student takes beside its weights, in bytes.

    Args:
        kept: from the first step to the last.
        passing: while it makes a step.
    """

    kept: int
    passing: int


def need_of(student: Student, lesson: Lesson, batch_size: int) -> Need:
    """What a student needs in steps of `batch_size` samples, from passes over one and two.

    Args:
        student: in evaluation mode; what it keeps for its gradients is counted.
        lesson: of two samples or more, in the precision of the training.
        batch_size: samples in a batch.
    """
    inputs, targets = lesson
    one, two = (_saved_bytes(student.module, [each[:count] for each in inputs]) for count in (1, 2))
    sample = two - one + _PASSING_OUTPUTS * sum(each[:1].nbytes for each in targets)
    weights = sum(each.nbytes for each in student.module.parameters())
    # What one sample needs and two do not need twice are weights in another precision.
    return Need(_KEPT_PER_WEIGHT * weights, weights + (2 * one - two) + sample * batch_size)


def _saved_bytes(module: nn.Module, inputs: Sequence[Tensor]) -> int:
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    own = {each.untyped_storage().data_ptr() for each in module.state_dict().values()}
    copies = [each.clone() for each in inputs]
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda each: each):
        # The result lives until all is counted, so that no storage is counted as another.
        result = module(*copies)
        saved = sum(size for pointer, size in kept.items() if pointer not in own)
    del result
    return saved


def release_freed() -> None:
    """Give back to the system what was freed; malloc keeps most of it to itself."""
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # another C library than glibc
        return
    trim(0)


def group_by_memory(
    students: Sequence[Student], needs: Sequence[Need], base: int, limit_mb: int
) -> list[list[Student]]:
    """Split students into runs that each stay below a limit, as few as go in this order.

    A run depends only on the students from its first on: what is left of a training that was
    stopped is split as before.

    Args:
        students: in order.
        needs: of each.
        base: bytes in use whatever is trained.
        limit_mb: megabytes (10^6 bytes) for the process.

    Raises:
        ConfigurationError: a single student is too much.
    """
    groups: list[list[Student]] = []
    kept = passing = 0
    for student, need in zip(students, needs, strict=True):
        alone = base + need.kept + need.passing
        if alone > limit_mb * 1e6:
            raise ConfigurationError(
                f"training {student.name} takes about {alone / 1e6:.0f} MB, "
                f"max_memory_mb is {limit_mb}",
                "raise max_memory_mb, or lower batch_size",
            )
        together = base + kept + need.kept + max(passing, need.passing)
        if not groups or together > limit_mb * 1e6:
            groups.append([])
            kept = passing = 0
        groups[-1].append(student)
        kept, passing = kept + need.kept, max(passing, need.passing)
    return groups
