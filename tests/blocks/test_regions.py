from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.blocks.capture.graph import Graph, post_order
from kenning_lego.blocks.cutting.regions import (
    Candidate,
    Region,
    choose,
    find_candidates,
    find_regions,
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(2, 9))
    raw: list[list[int]] = [[]]
    # Reading near nodes makes regions likely; a node may read another twice, as x + x does.
    raw += [
        draw(st.lists(st.integers(max(0, node - 4), node - 1), max_size=3))
        for node in range(1, size)
    ]
    results = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=2))
    order = post_order(size, [*raw, results].__getitem__)[:-1]
    places = {node: place for place, node in enumerate(order)}
    reads = tuple(tuple(places[each] for each in raw[node]) for node in order)
    sources = frozenset(place for place, read in enumerate(reads) if not read)
    opaque = draw(st.sets(st.integers(0, len(order) - 1), max_size=1))
    return Graph(reads, frozenset(places[each] for each in results), sources, frozenset(opaque))


def regions_by_trying_all(graph: Graph) -> Iterator[Region]:
    inner = [place for place in range(len(graph)) if place not in graph.sources]
    for size in range(1, len(inner) + 1):
        for nodes in combinations(inner, size):
            entries = {read for node in nodes for read in graph.reads[node]} - set(nodes)
            used_outside = {
                read
                for node, reads in enumerate(graph.reads)
                for read in reads
                if node not in nodes and read in nodes
            }
            leaving = used_outside | (graph.results & set(nodes))
            if len(entries) == 1 and len(leaving) == 1 and not (entries | leaving) & graph.opaque:
                assert set(nodes) == set(range(min(nodes), max(nodes) + 1)), "not contiguous"
                assert leaving == {max(nodes)}
                yield Region(entries.pop(), min(nodes), max(nodes))


@given(graphs())
@settings(max_examples=300)
def test_finds_exactly_the_regions_with_one_entry_and_one_exit(graph: Graph) -> None:
    found = find_regions(graph)
    assert len(set(found)) == len(found)
    assert set(found) == set(regions_by_trying_all(graph))


@given(graphs())
def test_post_order_has_every_node_after_what_it_reads(graph: Graph) -> None:
    for place, reads in enumerate(graph.reads):
        assert all(each < place for each in reads)


def test_post_order_survives_very_deep_graphs() -> None:
    order = post_order(50_000, lambda node: [node - 1] if node else [])
    assert order == list(range(50_001))


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    found = []
    for _ in range(draw(st.integers(0, 8))):
        first = draw(st.integers(0, 10))
        leave = draw(st.integers(first, min(10, first + 4)))
        gain, neatness = draw(st.integers(1, 9)), draw(st.integers(-2, 2))
        found.append(Candidate(Region(-1, first, leave), gain, neatness))
    return found


def value(chosen: tuple[Candidate, ...]) -> tuple[int, int]:
    return sum(each.gain for each in chosen), sum(each.neatness for each in chosen)


def disjoint(chosen: tuple[Candidate, ...]) -> bool:
    places = [place for each in chosen for place in range(each.region.first, each.region.exit + 1)]
    return len(places) == len(set(places))


@given(candidates(), st.integers(1, 5))
@settings(max_examples=300)
def test_chooses_the_best_of_the_most_disjoint_candidates(
    possible: list[Candidate], count: int
) -> None:
    chosen = choose(possible, count)
    assert len(chosen) <= count
    assert disjoint(chosen)
    assert list(chosen) == sorted(chosen, key=lambda each: each.region.first)
    tried = [
        several
        for size in range(count + 1)
        for several in combinations(possible, size)
        if disjoint(several)
    ]
    enough = 0.95 * max(value(each)[0] for each in tried)
    most = max(len(each) for each in tried if value(each)[0] >= enough)
    assert len(chosen) == most
    assert value(chosen) == max(value(each) for each in tried if len(each) == most)
    assert choose(possible, count) == chosen


def chain_of(length: int) -> Graph:
    reads = tuple((place - 1,) if place else () for place in range(length))
    return Graph(reads, frozenset({length - 1}), frozenset({0}))


def candidates_of_a_chain(gains: dict[tuple[int, int], int], size: int) -> set[tuple[int, int]]:
    found = find_candidates(
        find_regions(chain_of(5)),
        lambda region: gains.get((region.first, region.exit), 0),
        lambda region: 0,
        small=lambda region: region.exit - region.first < size,
    )
    return {(each.region.first, each.region.exit) for each in found}


def test_a_candidate_takes_in_nothing_needless_before_it() -> None:
    gains = {(2, 3): 5, (1, 3): 5}
    assert candidates_of_a_chain(gains, 9) == {(2, 3)}


def test_a_large_candidate_that_splits_into_two_with_gains_is_left_out() -> None:
    gains = {(1, 2): 3, (3, 4): 3, (1, 4): 7}
    assert candidates_of_a_chain(gains, 4) == {(1, 2), (3, 4), (1, 4)}
    assert candidates_of_a_chain(gains, 3) == {(1, 2), (3, 4)}


def test_a_large_candidate_that_does_not_split_is_kept() -> None:
    assert candidates_of_a_chain({(1, 2): 3, (1, 4): 7}, 1) == {(1, 2), (1, 4)}
