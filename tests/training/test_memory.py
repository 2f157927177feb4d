from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.training.course import Student
from kenning_lego.training.memory import Need, group_by_memory, need_of

MB = 1_000_000
needs = st.lists(st.builds(Need, st.integers(0, 40 * MB), st.integers(0, 40 * MB)), max_size=12)


def students(count: int) -> list[Student]:
    return [Student(str(number), "x", nn.Identity()) for number in range(count)]


@given(needs)
def test_every_group_stays_below_the_limit_and_order_is_kept(some: list[Need]) -> None:
    members = students(len(some))
    groups = group_by_memory(members, some, 10 * MB, 90)
    assert [each for group in groups for each in group] == members
    by_name = {each.name: need for each, need in zip(members, some, strict=True)}
    for group in groups:
        own = [by_name[each.name] for each in group]
        total = 10 * MB + sum(each.kept for each in own) + max(each.passing for each in own)
        assert total <= 90 * MB


@given(needs, st.integers(0, 11))
def test_what_is_left_is_grouped_as_before(some: list[Need], done: int) -> None:
    members = students(len(some))
    groups = group_by_memory(members, some, 10 * MB, 90)[done:]
    left = [each for group in groups for each in group]
    own = some[len(members) - len(left) :]
    assert group_by_memory(left, own, 10 * MB, 90) == groups


def test_one_that_is_too_large_alone_is_named() -> None:
    with pytest.raises(ConfigurationError, match="training 1 takes about 91 MB") as caught:
        group_by_memory(students(2), [Need(0, 0), Need(40 * MB, 41 * MB)], 10 * MB, 90)
    assert "batch_size" in caught.value.remedy


def test_a_need_grows_with_the_batch_by_what_gradients_keep() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    images = torch.zeros(2, 3, 16, 16)
    lesson = ((images,), (module(images).detach(),))
    small, large = (need_of(Student("a", "x", module), lesson, size) for size in (2, 64))
    weights = 4 * (3 * 8 * 9 + 8 + 8 * 4 + 4)
    assert small.kept == large.kept == 3 * weights
    # The input and the rectified tensor, which the second convolution shares; six outputs.
    sample = 4 * 16 * 16 * (3 + 8 + 6 * 4)
    assert small.passing == weights + 2 * sample
    assert large.passing == weights + 64 * sample
