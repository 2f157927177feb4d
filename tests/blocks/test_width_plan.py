from __future__ import annotations

import math
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.blocks.variants.width_plan import (
    Layer,
    Width,
    plan_multiples,
    plan_widths,
    remaining,
)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Width], list[Layer], float]:
    steps = draw(st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=2))
    widths = [Width(step * draw(st.integers(2, 8)), step) for step in steps]
    side = st.sampled_from([{index: 1 / each.size} for index, each in enumerate(widths)])
    layers = [
        Layer(draw(st.integers(1, 1000)), tuple(draw(st.lists(side, min_size=1, max_size=2))))
        for _ in range(draw(st.integers(1, 4)))
    ]
    return widths, layers, draw(st.floats(0, 1)) * sum(each.amount for each in layers)


@given(plans())
def test_plans_stay_within_bounds_and_are_not_beaten_by_a_single_step(
    plan: tuple[list[Width], list[Layer], float],
) -> None:
    widths, layers, target = plan
    found = plan_widths(widths, layers, target)
    assert found == plan_widths(widths, layers, target)
    removed = found.removed
    assert found.left == remaining(layers, removed)
    gap = abs(remaining(layers, removed) - target)
    for index, (count, width) in enumerate(zip(removed, widths, strict=True)):
        assert 0 <= count <= width.size - width.step
        assert count % width.step == 0
        for other in {count - width.step, count + width.step}:
            if 0 <= other <= width.size - width.step:
                changed = (*removed[:index], other, *removed[index + 1 :])
                assert abs(remaining(layers, changed) - target) >= gap


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_single_width_gets_the_best_count_of_all(size: int, share: float) -> None:
    layers = [Layer(700, ({0: 1 / size},)), Layer(300, ({0: 1 / size}, {0: 1 / size}))]
    target = share * 1000
    (removed,) = plan_widths([Width(size)], layers, target).removed
    gaps = [abs(remaining(layers, [count]) - target) for (count,) in product(range(size))]
    assert abs(remaining(layers, [removed]) - target) == min(gaps)


def test_flops_fall_with_both_sides_of_a_layer() -> None:
    layers = [Layer(100, ({0: 0.1}, {1: 0.25})), Layer(10, ())]
    assert remaining(layers, [5, 2]) == 100 * 0.5 * 0.5 + 10


@given(st.integers(1, 300), st.sampled_from([1, 2, 4, 6]), st.sampled_from([1, 2, 4, 8]))
def test_what_is_left_is_a_multiple_where_the_width_has_room_for_it(
    parts: int, step: int, multiple: int
) -> None:
    size = parts * step
    first, *others = Width(size, step, multiple).removals
    assert first == 0
    assert all(0 < each < size and (size - each) % step == 0 for each in others)
    if others and size > math.lcm(step, multiple):
        assert all((size - each) % multiple == 0 for each in others)


def test_wide_widths_are_kept_to_multiples_unless_that_misses_the_target() -> None:
    widths = [Width(256)]
    layers = [Layer(1000, ({0: 1 / 256},))]
    kept = {
        tolerance: 256
        - plan_multiples(widths, layers, 601, multiple=8, tolerance=tolerance).removed[0]
        for tolerance in (0, 3, 10)
    }
    assert kept == {0: 154, 3: 154, 10: 152}
    narrow = [Layer(1000, ({0: 1 / 12},))]
    assert plan_multiples([Width(12)], narrow, 600, multiple=8, tolerance=30).removed == (5,)
