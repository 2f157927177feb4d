from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kenning_lego.training import calibration
from kenning_lego.training.calibration import choose_precisions
from kenning_lego.training.configuration import DistillationConfig
from kenning_lego.training.course import Lesson, Student
from kenning_lego.training.criteria import MeanSquaredError
from kenning_lego.training.precision import Precision, exact_enough

CPU = torch.device("cpu")
DATA = np.random.default_rng(0).standard_normal((400, 4), dtype=np.float32)
CONFIG = DistillationConfig(epochs=6, batch_size=16)


def teacher(batch: Tensor) -> Iterator[tuple[str, Lesson]]:
    yield "line", ((batch,), (1 + batch,))


def students() -> list[Student]:
    torch.manual_seed(0)
    return [Student("rough", "line", nn.Linear(4, 4)), Student("fine", "line", Rounding())]


class Rounding(nn.Module):
    """Nearly what is to be learnt: in bfloat16 the rest is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        with torch.no_grad():
            self.layer.weight.copy_(torch.eye(4))
            self.layer.bias.fill_(1.0001)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # type: ignore[no-any-return]


def faster_is(precision: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(step: Callable[[Precision], object]) -> Precision:
        step("float32")
        step("bfloat16")
        return precision

    monkeypatch.setattr(calibration, "faster", tried)


def chosen(config: DistillationConfig = CONFIG) -> dict[str, Precision]:
    return choose_precisions(teacher, students(), [DATA], config, MeanSquaredError(), CPU)


def test_what_is_configured_is_taken() -> None:
    found = chosen(CONFIG.model_copy(update={"precision": "bfloat16"}))
    assert found == {"rough": "bfloat16", "fine": "bfloat16"}


def test_short_trainings_stay_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    faster_is("bfloat16", monkeypatch)
    assert set(chosen(CONFIG.model_copy(update={"epochs": 3})).values()) == {"float32"}


def test_float32_stays_where_it_is_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    faster_is("float32", monkeypatch)
    assert set(chosen().values()) == {"float32"}


def test_bfloat16_is_for_students_that_its_rounding_does_not_hide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faster_is("bfloat16", monkeypatch)
    assert chosen() == {"rough": "bfloat16", "fine": "float32"}


def test_students_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    faster_is("bfloat16", monkeypatch)
    some = students()
    before = [{k: v.clone() for k, v in each.module.state_dict().items()} for each in some]
    choose_precisions(teacher, some, [DATA], CONFIG, MeanSquaredError(), CPU)
    for student, state in zip(some, before, strict=True):
        assert all(torch.equal(state[k], v) for k, v in student.module.state_dict().items())


def test_losses_that_differ_by_more_than_a_twentieth_are_not_exact_enough() -> None:
    assert exact_enough(1.0, 1.04)
    assert not exact_enough(1.0, 0.94)
    assert exact_enough(0.0, 0.0)
    assert not exact_enough(0.0, 1e-9)
    assert not exact_enough(1.0, float("nan"))
