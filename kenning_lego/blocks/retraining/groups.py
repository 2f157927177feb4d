"""Which variants are retrained together: of one precision, and as many as memory allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import torch

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import RetrainConfig
from kenning_lego.blocks.retraining.lessons import ChainTeacher
from kenning_lego.training.course import Student
from kenning_lego.training.distillation import Arrays, batch_of, lessons
from kenning_lego.training.memory import PROCESS_BYTES, Need, group_by_memory, need_of
from kenning_lego.training.precision import Precision, autocast

_SAMPLES = 2
_CHAINS = 2
"""The network that was given and the chain that was cut from it."""
_BORDERS = 3
"""Tensors of the largest border that the teacher has at once."""


def group(
    chain: Chain,
    students: Sequence[Student],
    precisions: Mapping[str, Precision],
    training: Arrays,
    validation: Arrays,
    config: RetrainConfig,
    processes: int = 1,
) -> list[list[Student]]:
    """Split the students into groups that are trained one after another, or side by side.

    Args:
        chain: the original network.
        students: in the chain's order.
        precisions: by student's name.
        training: as in :func:`.retrain`.
        validation: the same.
        config: how it is retrained.
        processes: that work side by side: each gets a group at least, and its share of memory.

    Raises:
        ConfigurationError: one of them alone takes more than ``max_memory_mb``.
        ModelError: the network refuses the images.
    """
    limit = None if config.max_memory_mb is None else config.max_memory_mb // processes
    base = _base(chain, students, (*training, *validation), config.batch_size)
    groups: list[list[Student]] = []
    ordered = sorted(students, key=lambda each: precisions[each.name])
    for precision, alike in groupby(ordered, key=lambda each: precisions[each.name]):
        some = list(alike)
        if limit is None:
            groups.append(some)
        else:
            needs = _needs(chain, some, precision, training, config.batch_size)
            groups += group_by_memory(some, needs, base, limit)
    return _at_least(groups, min(processes, len(students)))


def _at_least(groups: list[list[Student]], count: int) -> list[list[Student]]:
    """Split the largest groups until there are so many."""
    while len(groups) < count:
        place = max(range(len(groups)), key=lambda each: len(groups[each]))
        largest = groups[place]
        middle = (len(largest) + 1) // 2
        groups[place : place + 1] = [largest[:middle], largest[middle:]]
    return groups


def _needs(
    chain: Chain,
    students: Sequence[Student],
    precision: Precision,
    training: Arrays,
    batch_size: int,
) -> list[Need]:
    teacher = ChainTeacher(chain, {each.subject for each in students})
    device = device_of(chain)
    batch = batch_of(training, slice(0, _SAMPLES), device)
    found = {}
    for subject, lesson in lessons(teacher, batch, precision, device):
        for student in students:
            if student.subject == subject:
                with autocast(precision, device):
                    found[student.name] = need_of(student, lesson, batch_size)
    return [found[each.name] for each in students]


def _base(chain: Chain, students: Sequence[Student], arrays: Arrays, batch_size: int) -> int:
    modules = [each.module for each in students] + _CHAINS * [each.module for each in chain]
    weights = sum(int(tensor.nbytes) for each in modules for tensor in each.state_dict().values())
    specs = [spec for each in chain for spec in (*each.inputs, *each.outputs)]
    largest = max(spec.nbytes // max(1, spec.sizes[0]) for spec in specs) * batch_size
    return PROCESS_BYTES + weights + sum(each.nbytes for each in arrays) + _BORDERS * largest


def device_of(chain: Chain) -> torch.device:
    """Where the network's weights are; the CPU if it has none."""
    weights = (each for segment in chain for each in segment.module.parameters())
    first = next(weights, None)
    return torch.device("cpu") if first is None else first.device
