"""Which precision each student is trained in, found by trying both."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Course, Lesson, Student
from kenning_lego.training.criteria import Criterion
from kenning_lego.training.distillation import Arrays, Teacher, batch_of, lessons
from kenning_lego.training.precision import Precision, autocast, exact_enough, faster
from kenning_lego.training.schedule import Schedule

_WORTHWHILE_STEPS = 100
"""Fewer are over before it is known how to make them faster."""
_SAMPLES = 32


def choose_precisions(
    teacher: Teacher,
    students: Sequence[Student],
    training: Arrays,
    config: DistillationConfig,
    criterion: Criterion,
    device: torch.device,
) -> dict[str, Precision]:
    """The precision for each student: what the configuration says, or what suits.

    With ``auto`` that is bfloat16 if a step of some students is clearly faster in it here, and
    a student's loss is nearly the same in it. Trying takes about as long as a few steps.

    Args:
        teacher: as in :func:`.distil`.
        students: left as they are, in evaluation mode.
        training: some of whose samples are used.
        config: of the training.
        criterion: the loss.
        device: where the modules are.

    Returns:
        By student's name.

    Raises:
        ModelError: a module fails.
    """
    names = [each.name for each in students]
    if config.precision != "auto":
        return dict.fromkeys(names, config.precision)
    steps = Schedule(len(training[0]), 0, config).batches * config.epochs
    if not students or steps < _WORTHWHILE_STEPS:
        return dict.fromkeys(names, "float32")
    batch = batch_of(training, slice(0, _SAMPLES), device)
    trial = _Trial(teacher, batch, device)
    copies = [
        Course(replace(each, module=copy.deepcopy(each.module)), config, criterion)
        for each in _of_all_sizes(students)
    ]
    if faster(lambda precision: trial.step(copies, precision)) == "float32":
        return dict.fromkeys(names, "float32")
    courses = [Course(each, config, criterion) for each in students]
    exact, rounded = trial.losses(courses, "float32"), trial.losses(courses, "bfloat16")
    return {
        name: "bfloat16" if exact_enough(exact[name], rounded[name]) else "float32"
        for name in names
    }


@dataclass(frozen=True, slots=True)
class _Trial:
    """A batch of which the teacher makes lessons in any precision."""

    teacher: Teacher
    batch: Sequence[torch.Tensor]
    device: torch.device

    def step(self, courses: Sequence[Course], precision: Precision) -> None:
        for course in courses:
            course.begin_epoch()
        for course, lesson in self._lessons(courses, precision):
            with autocast(precision, self.device):
                course.step(lesson, rate=0.0)

    def losses(self, courses: Sequence[Course], precision: Precision) -> dict[str, float]:
        found = {}
        for course, lesson in self._lessons(courses, precision):
            with autocast(precision, self.device):
                found[course.student.name] = course.loss(lesson)
        return found

    def _lessons(
        self, courses: Sequence[Course], precision: Precision
    ) -> Iterator[tuple[Course, Lesson]]:
        for subject, lesson in lessons(self.teacher, self.batch, precision, self.device):
            for course in courses:
                if course.student.subject == subject:
                    yield course, lesson


def _of_all_sizes(students: Sequence[Student]) -> list[Student]:
    """The smallest, the largest and one between."""
    ordered = sorted(
        students, key=lambda each: sum(weight.numel() for weight in each.module.parameters())
    )
    places = {0, len(ordered) // 2, len(ordered) - 1}
    return [ordered[place] for place in sorted(places)]
