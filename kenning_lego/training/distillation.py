"""Regression of modules on what a teacher computes: one pass of the teacher for all students."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import mse_loss

from kenning_lego.core.errors import ModelError

Lesson = tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]
"""What a module is given, and what it shall return."""

Teacher = Callable[[torch.Tensor], Mapping[str, Lesson]]
"""From a batch of the network's inputs to the lessons by subject, without gradients."""

OnProgress = Callable[[int, int, str], None]
"""Called with steps done, steps in all, and a line for people."""

_EVALUATION_BATCH = 512


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """A module to train.

    Args:
        name: unique among the students.
        subject: which of the teacher's lessons it takes.
        module: trained in place; returns a tensor or a tuple of tensors.
    """

    name: str
    subject: str
    module: nn.Module


@dataclass(frozen=True, slots=True)
class Distillation:
    """How well a student's outputs match the teacher's on the validation inputs.

    Args:
        loss_before: mean squared error before training.
        loss_after: the same with the weights that were kept, those of the best epoch.
        best_epoch: from 1; 0 if training never improved on the start.
        losses: mean squared error on the validation inputs after each epoch.
    """

    loss_before: float
    loss_after: float
    best_epoch: int
    losses: tuple[float, ...]


class _Course:
    """A student, its optimiser and its best state so far."""

    def __init__(self, student: Student, learning_rate: float, steps: int) -> None:
        self.student = student
        parameters = [each for each in student.module.parameters() if each.requires_grad]
        self.optimiser = torch.optim.Adam(parameters, lr=learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimiser, steps)
        self.losses: list[float] = []
        self.best_epoch = 0
        self.best_state: dict[str, torch.Tensor] = {}

    def step(self, lesson: Lesson) -> None:
        inputs, targets = lesson
        self.optimiser.zero_grad()
        loss = _loss(self.student.module, inputs, targets)
        torch.autograd.backward(loss)
        self.optimiser.step()
        self.schedule.step()

    def record(self, loss: float) -> None:
        """Note a validation loss, and the weights if they are the best."""
        if not math.isfinite(loss):
            raise ModelError(
                f"training {self.student.name} diverged: its validation loss is {loss}",
                "lower the learning rate, or check the inputs for values that are not numbers",
            )
        self.losses.append(loss)
        if not self.best_state or loss < self.losses[self.best_epoch]:
            self.best_epoch = len(self.losses) - 1
            state = self.student.module.state_dict()
            self.best_state = {name: tensor.clone() for name, tensor in state.items()}

    def finish(self) -> Distillation:
        self.student.module.load_state_dict(self.best_state)
        self.student.module.eval()
        first, *after = self.losses
        return Distillation(first, self.losses[self.best_epoch], self.best_epoch, tuple(after))


def distil(
    teacher: Teacher,
    students: Sequence[Student],
    training: NDArray[np.float32],
    validation: NDArray[np.float32],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    on_progress: OnProgress | None = None,
) -> dict[str, Distillation]:
    """Train every student by mean squared error on the teacher's lessons, with Adam.

    The learning rate falls to zero along a cosine. Normalisation layers adapt their statistics,
    dropout is off. Each student keeps the weights of its best epoch on the validation inputs, and
    is left in evaluation mode. The same seed, data and number of threads give the same weights.

    Args:
        teacher: makes the lessons of a batch.
        students: what to train, in place.
        training: the network's inputs, float32, samples first; two or more.
        validation: the same for choosing the epoch.
        epochs: passes over the training inputs.
        batch_size: samples in a batch at most; batches are nearly equal in size, of two or more.
        learning_rate: of Adam, at the start.
        seed: of the order of the samples.
        on_progress: called after each batch.

    Returns:
        By student's name.

    Raises:
        ModelError: a loss is not a number, or there are too few inputs.
    """
    if len(training) < 2 or not len(validation):
        raise ModelError(
            f"{len(training)} training and {len(validation)} validation inputs are too few",
            "give two or more, and one or more",
        )
    # Normalisation needs two samples in a batch.
    batches = min(math.ceil(len(training) / batch_size), len(training) // 2)
    total = epochs * batches
    courses = [_Course(each, learning_rate, total) for each in students]
    generator = torch.Generator().manual_seed(seed)
    _validate(teacher, courses, validation)
    done = 0
    for epoch in range(epochs):
        for course in courses:
            _set_training_mode(course.student.module)
        order = torch.randperm(len(training), generator=generator)
        for indices in order.tensor_split(batches):
            lessons = teacher(torch.from_numpy(training[indices.numpy()]))
            for course in courses:
                course.step(lessons[course.student.subject])
            done += 1
            if on_progress is not None:
                on_progress(done, total, f"retraining, epoch {epoch + 1} of {epochs}")
        _validate(teacher, courses, validation)
    return {course.student.name: course.finish() for course in courses}


def _loss(
    module: nn.Module, inputs: tuple[torch.Tensor, ...], targets: tuple[torch.Tensor, ...]
) -> torch.Tensor:
    """Mean over the outputs of the mean squared errors."""
    returned = module(*inputs)
    outputs = (returned,) if isinstance(returned, torch.Tensor) else tuple(returned)
    losses = [mse_loss(output, target) for output, target in zip(outputs, targets, strict=True)]
    return torch.stack(losses).mean()


def _set_training_mode(module: nn.Module) -> None:
    module.train()
    for each in module.modules():
        if isinstance(each, nn.modules.dropout._DropoutNd):
            each.eval()


@torch.no_grad()
def _validate(teacher: Teacher, courses: Sequence[_Course], inputs: NDArray[np.float32]) -> None:
    sums = [0.0] * len(courses)
    for course in courses:
        course.student.module.eval()
    for start in range(0, len(inputs), _EVALUATION_BATCH):
        # A copy, since torch warns of arrays that it could not write to.
        batch = torch.tensor(inputs[start : start + _EVALUATION_BATCH])
        lessons = teacher(batch)
        for index, course in enumerate(courses):
            loss = _loss(course.student.module, *lessons[course.student.subject])
            sums[index] += float(loss) * len(batch)
    for course, each in zip(courses, sums, strict=True):
        course.record(each / len(inputs))
