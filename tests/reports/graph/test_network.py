"""Edges follow the tensors' names; small fixed segments in a row become one node."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.records import SegmentRecord, TensorRecord
from kenning_lego.reports.graph.network import Graph, fold, graph_of
from tests.reports.graph.strategies import graphs


def segment(name: str, takes: str, gives: str) -> SegmentRecord:
    def tensors(names: str) -> tuple[TensorRecord, ...]:
        return tuple(TensorRecord(name=each, shape=(), dtype="float32") for each in names.split())

    return SegmentRecord(
        name=name, scalable=False, inputs=tensors(takes), outputs=tensors(gives), variants=()
    )


def test_a_skip_leads_from_the_segment_that_gives_the_tensor() -> None:
    network = [segment("stem", "x", "a s"), segment("body", "a", "b"), segment("head", "b s", "y")]
    assert graph_of(network).edges == ((0, 1), (0, 2), (1, 2))


def test_inputs_of_the_network_come_from_nowhere() -> None:
    assert graph_of([segment("one", "x", "y"), segment("two", "x", "z")]).edges == ()


def test_of_tensors_with_one_name_the_last_before_counts() -> None:
    network = [segment("a", "x", "x"), segment("b", "x", "x"), segment("c", "x", "y")]
    assert graph_of(network).edges == ((0, 1), (1, 2))


def test_small_nodes_in_a_row_are_folded_up_to_a_branch() -> None:
    graph = Graph(6, ((0, 1), (1, 2), (2, 3), (2, 4), (3, 5), (4, 5)))
    folded, groups = fold(graph, {0, 1, 2, 3})
    assert groups == ((0, 1, 2), (3,), (4,), (5,))
    assert folded.edges == ((0, 1), (0, 2), (1, 3), (2, 3))


@given(graphs(), st.data())
def test_folding_keeps_every_node_once_and_every_edge_forward(
    graph: Graph, data: st.DataObject
) -> None:
    small = data.draw(st.sets(st.integers(0, graph.count - 1)))
    folded, groups = fold(graph, small)
    assert sorted(node for group in groups for node in group) == list(range(graph.count))
    assert folded.count == len(groups)
    assert all(source < target for source, target in folded.edges)
    of = {node: at for at, group in enumerate(groups) for node in group}
    between = {(of[a], of[b]) for a, b in graph.edges if of[a] != of[b]}
    assert set(folded.edges) == between
    assert all(set(group) <= small for group in groups if len(group) > 1)
