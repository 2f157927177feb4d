import pytest

from benchmarks.samples import interleave, percentile


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)])
def test_percentile_is_the_smallest_value_that_covers_the_share(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_every_call_is_timed_once_a_round_after_the_warm_up() -> None:
    done: list[str] = []
    calls = {name: lambda name=name: done.append(name) for name in ("a", "b", "c")}
    durations = interleave(calls, 5, warm_up=2)
    assert {name: len(values) for name, values in durations.items()} == {"a": 5, "b": 5, "c": 5}
    rounds = [done[begin : begin + 3] for begin in range(0, len(done), 3)]
    assert len(rounds) == 7
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
