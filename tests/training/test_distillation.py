from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kenning_lego.core.errors import ModelError
from kenning_lego.training.distillation import Distillation, Lesson, Student, distil

DATA = np.random.default_rng(0).standard_normal((41, 4), dtype=np.float32)


class Teacher:
    """Counts its lessons; gives a student a line to learn, in two outputs."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, batch: Tensor) -> Mapping[str, Lesson]:
        self.sizes.append(len(batch))
        return {"line": ((batch,), (batch.sum(1, keepdim=True), batch[:, :1]))}


class Pupil(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.9))
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = self.last(self.layers(x)).chunk(2, 1)
        return first, second


def taught(
    teacher: Teacher, *names: str, rate: float = 0.02, data: NDArray[np.float32] = DATA
) -> tuple[dict[str, Distillation], list[Pupil]]:
    pupils = []
    for _ in names:
        torch.manual_seed(0)
        pupils.append(Pupil())
    results = distil(
        teacher,
        [Student(name, "line", pupil) for name, pupil in zip(names, pupils, strict=True)],
        data[:33],
        data[33:],
        epochs=20,
        batch_size=8,
        learning_rate=rate,
        seed=0,
    )
    return results, pupils


def test_students_learn_what_the_teacher_computes() -> None:
    results, (pupil,) = taught(Teacher(), "a")
    assert results["a"].loss_after < 0.1 * results["a"].loss_before
    assert results["a"].losses[results["a"].best_epoch - 1] == results["a"].loss_after
    assert not pupil.training


def test_the_teacher_runs_once_a_batch_for_all_students() -> None:
    alone, together = Teacher(), Teacher()
    taught(alone, "a")
    results, pupils = taught(together, "a", "b", "c")
    assert together.sizes == alone.sizes
    assert results["a"] == results["b"] == results["c"]
    assert torch.equal(pupils[0].last.weight, pupils[2].last.weight)


def test_no_batch_is_left_with_a_single_sample() -> None:
    teacher = Teacher()
    taught(teacher, "a")
    assert teacher.sizes[1:6] == [7, 7, 7, 6, 6]


def test_three_samples_make_one_batch_rather_than_a_pair_and_a_single_one() -> None:
    teacher = Teacher()
    students = [Student("a", "line", Pupil())]
    distil(teacher, students, DATA[:3], DATA[3:], epochs=1, batch_size=2, learning_rate=0.1, seed=0)
    assert teacher.sizes == [38, 3, 38]


def test_a_student_that_never_improves_keeps_its_weights() -> None:
    torch.manual_seed(0)
    before = Pupil().state_dict()
    results, (pupil,) = taught(Teacher(), "a", rate=30.0)
    assert results["a"].best_epoch == 0
    assert results["a"].loss_after == results["a"].loss_before
    assert all(torch.equal(before[name], each) for name, each in pupil.state_dict().items())


def test_a_loss_that_is_no_number_is_an_error_that_names_the_student() -> None:
    with pytest.raises(ModelError, match="training a diverged") as caught:
        taught(Teacher(), "a", data=DATA * np.float32("inf"))
    assert caught.value.remedy


def test_too_little_data_is_refused() -> None:
    with pytest.raises(ModelError, match="are too few"):
        taught(Teacher(), "a", data=DATA[:1])


def test_arrays_that_cannot_be_written_to_will_do() -> None:
    data = DATA.copy()
    data.flags.writeable = False
    taught(Teacher(), "a", data=data)
