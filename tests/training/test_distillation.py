from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kenning_lego.core.errors import ModelError
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Distillation, Lesson, Student
from kenning_lego.training.distillation import Means, distil

DATA = np.random.default_rng(0).standard_normal((41, 4), dtype=np.float32)


class Teacher:
    """Counts its lessons; gives a student a line to learn, in two outputs."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, batch: Tensor) -> Iterator[tuple[str, Lesson]]:
        self.sizes.append(len(batch))
        yield "line", ((batch,), (batch.sum(1, keepdim=True), batch[:, :1]))


class Pupil(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.9))
        self.last = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = self.last(self.layers(x)).chunk(2, 1)
        return first, second


CONFIG = DistillationConfig(epochs=20, batch_size=8, learning_rate=0.02, patience=0)


def taught(
    teacher: Teacher,
    *names: str,
    data: NDArray[np.float32] = DATA,
    config: DistillationConfig = CONFIG,
    means: Means | None = None,
) -> tuple[dict[str, Distillation], list[Pupil]]:
    pupils = []
    for _ in names:
        torch.manual_seed(0)
        pupils.append(Pupil())
    students = [Student(name, "line", pupil) for name, pupil in zip(names, pupils, strict=True)]
    return distil(teacher, students, [data[:33]], [data[33:]], config, means=means), pupils


def with_(**changes: object) -> DistillationConfig:
    return CONFIG.model_copy(update=changes)


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
    distil(teacher, students, [DATA[:3]], [DATA[3:]], with_(epochs=1, batch_size=2))
    assert teacher.sizes == [38, 3, 38]


def test_a_student_that_never_improves_keeps_its_weights() -> None:
    torch.manual_seed(0)
    before = Pupil().state_dict()
    results, (pupil,) = taught(Teacher(), "a", config=with_(learning_rate=30.0))
    assert results["a"].best_epoch == 0
    assert results["a"].loss_after == results["a"].loss_before
    assert all(torch.equal(before[name], each) for name, each in pupil.state_dict().items())


def test_patience_ends_a_training_that_does_not_improve_and_its_teacher_rests() -> None:
    teacher = Teacher()
    results, _ = taught(teacher, "a", config=with_(learning_rate=30.0, patience=3))
    assert len(results["a"].losses) == 3
    assert teacher.sizes == [8] + 3 * [7, 7, 7, 6, 6, 8]


def test_only_normalisation_is_in_training_mode() -> None:
    seen: list[list[bool]] = []

    class Watched(Pupil):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            seen.append([each.training for each in self.layers])
            return super().forward(x)

    distil(Teacher(), [Student("a", "line", Watched())], [DATA[:33]], [DATA[33:]], with_(epochs=1))
    assert seen[1:6] == 5 * [[False, True, False]]
    assert seen[0] == seen[6] == [False, False, False]


def test_a_student_without_weights_is_judged_and_left_alone() -> None:
    class Fixed(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x[:, :1], x[:, :1]

    result = distil(Teacher(), [Student("a", "line", Fixed())], [DATA[:33]], [DATA[33:]], CONFIG)
    assert result["a"].loss_after == result["a"].loss_before > 0
    assert result["a"].losses == ()


def test_a_student_that_changes_its_input_is_refused() -> None:
    class Greedy(Pupil):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return super().forward(x.add_(1))

    with pytest.raises(ModelError, match="a changes its input in place"):
        distil(Teacher(), [Student("a", "line", Greedy())], [DATA[:33]], [DATA[33:]], CONFIG)


def test_a_student_that_fails_is_named() -> None:
    wrong = nn.Linear(5, 2)
    with pytest.raises(ModelError, match="training narrow failed: mat1 and mat2"):
        distil(Teacher(), [Student("narrow", "line", wrong)], [DATA[:33]], [DATA[33:]], CONFIG)


def test_a_loss_that_becomes_no_number_is_noticed_at_that_step() -> None:
    data = DATA.copy()
    data[:33][5] = np.nan
    teacher = Teacher()
    with pytest.raises(ModelError, match="training a diverged: its training loss") as caught:
        taught(teacher, "a", data=data)
    assert caught.value.remedy
    assert len(teacher.sizes) <= 6


class Interruption:
    """Says to stop once it was asked so often."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("asked", [0, 3, 5, 6, 8])
def test_a_stopped_training_goes_on_to_the_same_weights(
    asked: int, precision: str, tmp_path: Path
) -> None:
    # Asked after the first validation, 5 batches, a validation, and so on.
    config = with_(epochs=3)
    means = {"precision": precision, "checkpoints": Checkpoints(tmp_path / "c", 1e9)}
    whole, (uninterrupted,) = taught(
        Teacher(),
        "a",
        config=config,
        means=Means(precision=precision),  # type: ignore[arg-type]
    )
    for stop in (asked, 1):
        with pytest.raises(KeyboardInterrupt):
            taught(
                Teacher(),
                "a",
                config=config,
                means=Means(**means, should_stop=Interruption(stop)),  # type: ignore[arg-type]
            )
    teacher = Teacher()
    again, (continued,) = taught(teacher, "a", config=config, means=Means(**means))  # type: ignore[arg-type]
    assert again == whole
    assert sum(teacher.sizes) < 3 * 41 + 8
    for name, each in uninterrupted.state_dict().items():
        assert torch.equal(each, continued.state_dict()[name])


def test_a_checkpoint_serves_those_of_its_students_that_are_still_to_train(tmp_path: Path) -> None:
    means = Means(checkpoints=Checkpoints(tmp_path / "c", 1e9), should_stop=Interruption(9))
    with pytest.raises(KeyboardInterrupt):
        taught(Teacher(), "a", "b", means=means)
    again = Means(checkpoints=Checkpoints(tmp_path / "c", 1e9))
    teacher = Teacher()
    results, _ = taught(teacher, "b", means=again)
    whole, _ = taught(Teacher(), "b")
    assert results == whole
    assert teacher.sizes[0] == 6


def test_a_loss_that_is_no_number_is_an_error_that_names_the_student() -> None:
    with pytest.raises(ModelError, match="training a diverged") as caught:
        taught(Teacher(), "a", data=DATA * np.float32("inf"))
    assert caught.value.remedy


def test_too_little_data_is_refused() -> None:
    with pytest.raises(ModelError, match="are too few"):
        taught(Teacher(), "a", data=DATA[:1])


def test_arrays_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ModelError, match=r"training part hold \[5, 6\] samples"):
        distil(Teacher(), [], [DATA[:5], DATA[:6]], [DATA], CONFIG)


def test_arrays_that_cannot_be_written_to_will_do() -> None:
    data = DATA.copy()
    data.flags.writeable = False
    taught(Teacher(), "a", data=data)


def test_progress_begins_after_the_first_validation_and_ends_whole() -> None:
    told: list[tuple[int, int, str]] = []
    taught(Teacher(), "a", means=Means(on_progress=lambda *each: told.append(each)))
    done = [each for each, *_ in told]
    assert done == sorted(set(done))
    assert len(told) == 100
    assert told[0][0] > 0
    assert {all_ for _, all_, _ in told} == {20 * (33 * 5 + 8 * 2) + 8 * 2}
    assert done[-1] == told[-1][1] - 8 * 2
    assert told[-1][2] == "epoch 20 of 20"
