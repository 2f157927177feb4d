"""One student on its way: its optimiser, its losses and its best weights so far."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kenning_lego.core.errors import ModelError
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.criteria import Criterion

Lesson = tuple[tuple[Tensor, ...], tuple[Tensor, ...]]
"""What a module is given, and what it shall return."""


@dataclass(frozen=True, slots=True, eq=False)
class Student:
    """A module to train.

    Args:
        name: unique among the students.
        subject: which of the teacher's lessons it takes.
        module: trained in place, what of it requires gradients; returns a tensor or several.
    """

    name: str
    subject: str
    module: nn.Module


@dataclass(frozen=True, slots=True)
class Distillation:
    """How well a student does what the teacher does, on the validation inputs.

    Args:
        loss_before: the loss before training.
        loss_after: the same with the weights that were kept, those of the best epoch.
        best_epoch: from 1; 0 if training never improved on the start.
        losses: after each epoch that was trained.
    """

    loss_before: float
    loss_after: float
    best_epoch: int
    losses: tuple[float, ...]


@dataclass(slots=True)
class _Marks:
    """The losses so far, that before training first, and which of them is the best."""

    losses: list[float]
    best: int


class Course:
    """A student's training.

    Args:
        student: whom to train.
        config: how.
        criterion: what for.
    """

    def __init__(self, student: Student, config: DistillationConfig, criterion: Criterion) -> None:
        self.student = student
        self._criterion = criterion
        self._patience = config.patience
        self._marks = _Marks([], 0)
        self._best_state: dict[str, Tensor] = {}
        parameters = [each for each in student.module.parameters() if each.requires_grad]
        self._optimiser = (
            torch.optim.AdamW(
                parameters, config.learning_rate, weight_decay=config.weight_decay, fused=True
            )
            if parameters
            else None
        )

    @property
    def begun(self) -> bool:
        """Whether its loss before training is known."""
        return bool(self._marks.losses)

    @property
    def finished(self) -> bool:
        """Whether it has not become better for as many epochs as patience allows."""
        stale = len(self._marks.losses) - 1 - self._marks.best
        return self._optimiser is None or 0 < self._patience <= stale

    def begin_epoch(self) -> None:
        """Let normalisation adapt its statistics; all else runs as it does in use.

        So a training draws nothing at random, and dropout does not blur what is to be matched.
        """
        self.student.module.eval()
        for each in self.student.module.modules():
            if isinstance(each, nn.modules.batchnorm._NormBase):
                each.train()

    def step(self, lesson: Lesson, rate: float) -> None:
        """Learn from one lesson.

        Raises:
            ModelError: the module fails or the loss is not a number; both name the student.
        """
        if self._optimiser is None:
            return
        inputs, targets = lesson
        outputs = self._outputs(inputs)
        with torch.no_grad():
            gradients = self._criterion.gradients([each.detach() for each in outputs], targets)
            # The sum of gradients is no number as soon as one of the outputs is none.
            if not all(math.isfinite(each.sum()) for each in gradients if each is not None):
                raise self._diverged("its training loss is not a number")
        pairs = [
            (output, gradient)
            for output, gradient in zip(outputs, gradients, strict=True)
            if gradient is not None and output.requires_grad
        ]
        torch.autograd.backward([each for each, _ in pairs], [each for _, each in pairs])
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._optimiser.zero_grad()

    @torch.no_grad()
    def loss(self, lesson: Lesson) -> float:
        """The loss on one lesson, in the mode in which the module is."""
        inputs, targets = lesson
        return self._criterion.value(self._outputs(inputs), targets)

    def record(self, loss: float) -> None:
        """Note a validation loss, and the weights if they are the best.

        Raises:
            ModelError: it is not a number.
        """
        if not math.isfinite(loss):
            raise self._diverged(f"its validation loss is {loss}")
        self._marks.losses.append(loss)
        if not self._best_state or loss < self._marks.losses[self._marks.best]:
            self._marks.best = len(self._marks.losses) - 1
            state = self.student.module.state_dict()
            self._best_state = {name: tensor.clone() for name, tensor in state.items()}

    def finish(self) -> Distillation:
        """Put the best weights into the module, and leave it in evaluation mode."""
        self.student.module.load_state_dict(self._best_state)
        self.student.module.eval()
        first, *after = self._marks.losses
        best = self._marks.best
        return Distillation(first, self._marks.losses[best], best, tuple(after))

    def marks(self) -> dict[str, Any]:
        """What a checkpoint needs beside the tensors, as JSON values."""
        return asdict(self._marks)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint needs: the weights now and at their best, the optimiser's moments."""
        found = {f"now/{name}": each for name, each in self.student.module.state_dict().items()}
        found |= {f"best/{name}": each for name, each in self._best_state.items()}
        if self._optimiser is not None:
            for number, moments in self._optimiser.state_dict()["state"].items():
                found |= {f"optimiser/{number}/{name}": each for name, each in moments.items()}
        return found

    def restore(self, marks: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`marks` and :meth:`tensors` gave."""
        self._marks = _Marks(list(marks["losses"]), marks["best"])
        self.student.module.load_state_dict(_below("now/", tensors))
        self._best_state = _below("best/", tensors)
        if self._optimiser is not None:
            moments: dict[int, dict[str, Tensor]] = {}
            for path, tensor in _below("optimiser/", tensors).items():
                number, _, name = path.partition("/")
                moments.setdefault(int(number), {})[name] = tensor
            groups = self._optimiser.state_dict()["param_groups"]
            self._optimiser.load_state_dict({"state": moments, "param_groups": groups})

    def _outputs(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        versions = [each._version for each in inputs]
        try:
            returned = self.student.module(*inputs)
        except RuntimeError as error:
            raise ModelError(
                f"training {self.student.name} failed: {error}",
                "if memory ran out lower batch_size, else check the images' shape",
            ) from error
        if versions != [each._version for each in inputs]:
            raise ModelError(
                f"{self.student.name} changes its input in place, which others still need",
                "make the operation return a new tensor",
            )
        return (returned,) if isinstance(returned, Tensor) else tuple(returned)

    def _diverged(self, how: str) -> ModelError:
        return ModelError(
            f"training {self.student.name} diverged: {how}",
            "lower learning_rate, or check the inputs for values that are not numbers",
        )


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)
    }
