"""Many students learn from one teacher, which runs once a batch for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kenning_lego.core.errors import ModelError
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Course, Distillation, Lesson, Student
from kenning_lego.training.criteria import Criterion, MeanSquaredError
from kenning_lego.training.precision import Precision, autocast
from kenning_lego.training.progress import OnProgress, ShouldStop, never
from kenning_lego.training.schedule import Schedule

Arrays = Sequence[NDArray[np.generic]]
"""What a teacher takes, samples first in each."""

Teacher = Callable[..., Iterator[tuple[str, Lesson]]]
"""From a batch of each of the arrays to subjects and their lessons, one after another.

Nobody keeps a lesson when the next is asked for. Gradients are off, precision is set.
"""

_CPU = torch.device("cpu")
_EVALUATION_BATCH = 128
_MEMORY_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


@dataclass(frozen=True, slots=True)
class Means:
    """With what a training runs; the weights do not depend on it, save for the last bits.

    Args:
        precision: of the activations.
        device: where the modules are.
        checkpoints: where the training goes on from, and what it leaves when it is stopped.
        on_progress: called after each batch.
        should_stop: whether to leave a checkpoint and raise KeyboardInterrupt.
    """

    precision: Precision = "float32"
    device: torch.device = _CPU
    checkpoints: Checkpoints | None = None
    on_progress: OnProgress | None = None
    should_stop: ShouldStop = never


def distil(
    teacher: Teacher,
    students: Sequence[Student],
    training: Arrays,
    validation: Arrays,
    config: DistillationConfig,
    *,
    criterion: Criterion | None = None,
    means: Means | None = None,
) -> dict[str, Distillation]:
    """Train every student on the teacher's lessons, with AdamW.

    Each student keeps the weights of its best epoch on the validation inputs, and is left in
    evaluation mode. The same seed, data, precision and number of threads give the same weights,
    also if the training was stopped and went on from its checkpoint.

    Args:
        teacher: makes the lessons of a batch.
        students: what to train, in place.
        training: what the teacher takes, of two samples or more.
        validation: the same for choosing the epoch, of one sample or more.
        config: how; its precision is not looked at, that of `means` counts.
        criterion: the loss; mean squared error if None.
        means: with what.

    Returns:
        By student's name.

    Raises:
        ModelError: a loss is not a number, a module fails, or there are too few inputs.
        StoreError: a checkpoint cannot be written.
        KeyboardInterrupt: it was stopped; the checkpoint is written.
    """
    check_samples(training, validation)
    courses = [Course(each, config, criterion or MeanSquaredError()) for each in students]
    run = _Run(teacher, courses, training, validation, config, means or Means())
    run.finish()
    return {course.student.name: course.finish() for course in courses}


def check_samples(training: Arrays, validation: Arrays) -> None:
    """Refuse what is too little to train with.

    Raises:
        ModelError: fewer than two or one, or the arrays of a part differ in length.
    """
    for part, arrays in (("training", training), ("validation", validation)):
        if len({len(each) for each in arrays}) != 1:
            raise ModelError(
                f"the arrays of the {part} part hold {[len(each) for each in arrays]} samples",
                "give one or more arrays, all of the same samples",
            )
    if len(training[0]) < 2 or not len(validation[0]):
        raise ModelError(
            f"{len(training[0])} training and {len(validation[0])} validation inputs are too few",
            "give two or more, and one or more",
        )


def batch_of(
    arrays: Arrays, chosen: slice | NDArray[np.int64], device: torch.device
) -> list[Tensor]:
    """Some samples of each array; images and videos with their channels last in memory."""
    # Copies, since torch warns of arrays that it could not write to.
    tensors = [torch.from_numpy(np.array(each[chosen])).to(device) for each in arrays]
    return [
        each.contiguous(memory_format=_MEMORY_FORMATS.get(each.ndim, torch.contiguous_format))
        for each in tensors
    ]


def lessons(
    teacher: Teacher, batch: Sequence[Tensor], precision: Precision, device: torch.device
) -> Iterator[tuple[str, Lesson]]:
    """What the teacher makes of a batch; gradients are off only while it computes."""
    made = teacher(*batch)
    while True:
        with torch.no_grad(), autocast(precision, device):
            lesson = next(made, None)
        if lesson is None:
            return
        yield lesson


class _Run:
    """A training under way: where it stands, and how it goes on."""

    def __init__(
        self,
        teacher: Teacher,
        courses: Sequence[Course],
        training: Arrays,
        validation: Arrays,
        config: DistillationConfig,
        means: Means,
    ) -> None:
        self._teacher = teacher
        self._courses = courses
        self._training = training
        self._validation = validation
        self._means = means
        self._schedule = Schedule(len(training[0]), len(validation[0]), config)
        self._epochs = config.epochs
        self._epoch = self._batch = 0

    def finish(self) -> None:
        self._restore()
        if not all(each.begun for each in self._courses):
            self._validate(self._courses)
        while self._epoch < self._epochs and self._active():
            active = self._active()
            self._train(active)
            self._validate(active)
            self._epoch, self._batch = self._epoch + 1, 0

    def _active(self) -> list[Course]:
        return [each for each in self._courses if not each.finished]

    def _train(self, active: Sequence[Course]) -> None:
        for course in active:
            course.begin_epoch()
        samples = 0
        for number, indices in enumerate(self._schedule.order(self._epoch)):
            samples += len(indices)
            if number < self._batch:
                continue
            rate = self._schedule.rate(self._epoch * self._schedule.batches + number)
            for course, lesson in self._lessons(self._training, indices, active):
                with autocast(self._means.precision, self._means.device):
                    course.step(lesson, rate)
            self._batch += 1
            self._tell(samples)
            self._keep()

    def _validate(self, active: Sequence[Course]) -> None:
        for course in active:
            course.student.module.eval()
        count = len(self._validation[0])
        sums = dict.fromkeys(active, 0.0)
        for start in range(0, count, _EVALUATION_BATCH):
            chosen = slice(start, min(start + _EVALUATION_BATCH, count))
            for course, lesson in self._lessons(self._validation, chosen, active):
                with autocast(self._means.precision, self._means.device):
                    sums[course] += course.loss(lesson) * (chosen.stop - start)
            if self._means.should_stop():
                self._stop()
        for course, total in sums.items():
            course.record(total / count)

    def _lessons(
        self, arrays: Arrays, chosen: slice | NDArray[np.int64], active: Sequence[Course]
    ) -> Iterator[tuple[Course, Lesson]]:
        device = self._means.device
        batch = batch_of(arrays, chosen, device)
        for subject, lesson in lessons(self._teacher, batch, self._means.precision, device):
            for course in active:
                if course.student.subject == subject:
                    yield course, lesson

    def _tell(self, samples: int) -> None:
        if self._means.on_progress is not None:
            self._means.on_progress(
                self._schedule.work(self._epoch, samples),
                self._schedule.work(self._epochs),
                f"epoch {self._epoch + 1} of {self._epochs}",
            )

    def _keep(self) -> None:
        """Leave a checkpoint if one is due, and stop if that is wanted."""
        if self._means.should_stop():
            self._stop()
        if self._means.checkpoints is not None and self._means.checkpoints.due:
            self._save(self._means.checkpoints)

    def _stop(self) -> None:
        if self._means.checkpoints is not None:
            self._save(self._means.checkpoints)
        raise KeyboardInterrupt

    def _save(self, checkpoints: Checkpoints) -> None:
        marks = {each.student.name: each.marks() for each in self._courses}
        state = {"epoch": self._epoch, "batch": self._batch, "courses": marks}
        checkpoints.save(state, (each.tensors() for each in self._courses))

    def _restore(self) -> None:
        found = self._means.checkpoints and self._means.checkpoints.load()
        if not found:
            return
        courses = {each.student.name: each for each in self._courses}
        marks = found.state["courses"]
        if not courses.keys() <= marks.keys():
            return
        # Whoever was done since is not among the courses any more.
        for name, tensors in zip(marks, found.parts, strict=True):
            if name in courses:
                courses[name].restore(marks[name], tensors)
        self._epoch, self._batch = found.state["epoch"], found.state["batch"]
