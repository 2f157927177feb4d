"""Which operators of a TFLite graph a delegate runs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.runtimes.delegated import Node, nodes_left


def chain(length: int) -> list[Node]:
    return [Node(False, (at, 100 + at), (at + 1,)) for at in range(length)]


def test_nothing_is_delegated_without_a_stand_in() -> None:
    assert nodes_left(chain(3)) == (3, 3)
    assert nodes_left([]) == (0, 0)


def test_what_lies_between_a_stand_ins_ends_is_its_own() -> None:
    nodes = [*chain(5), Node(True, (1, 101, 102), (3,))]
    assert nodes_left(nodes) == (5, 3)


def test_branches_and_left_out_inputs_are_followed() -> None:
    nodes = [
        Node(False, (0,), (1,)),
        Node(False, (1, -1), (2,)),
        Node(False, (1,), (3,)),
        Node(False, (2, 3), (4,)),
        Node(False, (4,), (5,)),
        Node(True, (0,), (4,)),
    ]
    assert nodes_left(nodes) == (5, 1)


@given(st.integers(1, 30), st.data())
def test_partitions_add_up(length: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, length), max_size=6)))
    parts = list(zip(cuts[::2], cuts[1::2], strict=False))
    stand_ins = [Node(True, (begin,), (end,)) for begin, end in parts]
    taken = sum(end - begin for begin, end in parts)
    assert nodes_left([*chain(length), *stand_ins]) == (length, length - taken)
