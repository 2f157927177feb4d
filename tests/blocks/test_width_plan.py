from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.blocks.width_plan import Layer, Width, plan_widths, remaining_flops


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Width], list[Layer], float]:
    steps = draw(st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=2))
    widths = [Width(step * draw(st.integers(2, 8)), step) for step in steps]
    side = st.sampled_from([{index: 1 / each.size} for index, each in enumerate(widths)])
    layers = [
        Layer(draw(st.integers(1, 1000)), tuple(draw(st.lists(side, min_size=1, max_size=2))))
        for _ in range(draw(st.integers(1, 4)))
    ]
    return widths, layers, draw(st.floats(0, 1)) * sum(each.flops for each in layers)


@given(plans())
@settings(deadline=None)
def test_plans_stay_within_bounds_and_are_not_beaten_by_a_single_step(
    plan: tuple[list[Width], list[Layer], float],
) -> None:
    widths, layers, target = plan
    removed = plan_widths(widths, layers, target)
    assert removed == plan_widths(widths, layers, target)
    gap = abs(remaining_flops(layers, removed) - target)
    for index, (count, width) in enumerate(zip(removed, widths, strict=True)):
        assert 0 <= count <= width.size - width.step
        assert count % width.step == 0
        for other in {count - width.step, count + width.step}:
            if 0 <= other <= width.size - width.step:
                changed = (*removed[:index], other, *removed[index + 1 :])
                assert abs(remaining_flops(layers, changed) - target) >= gap


@given(st.integers(1, 60), st.floats(0, 1))
def test_a_single_width_gets_the_best_count_of_all(size: int, share: float) -> None:
    layers = [Layer(700, ({0: 1 / size},)), Layer(300, ({0: 1 / size}, {0: 1 / size}))]
    target = share * 1000
    (removed,) = plan_widths([Width(size)], layers, target)
    gaps = [abs(remaining_flops(layers, [count]) - target) for (count,) in product(range(size))]
    assert abs(remaining_flops(layers, [removed]) - target) == min(gaps)


def test_flops_fall_with_both_sides_of_a_layer() -> None:
    layers = [Layer(100, ({0: 0.1}, {1: 0.25})), Layer(10, ())]
    assert remaining_flops(layers, [5, 2]) == 100 * 0.5 * 0.5 + 10
