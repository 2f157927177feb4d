"""Graphs for property tests."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from kenning_lego.reports.graph.network import Graph


@st.composite
def graphs(draw: st.DrawFn, most: int = 40) -> Graph:
    """Any graph whose edges go forward: chains, skips, branches, in one piece or several."""
    count = draw(st.integers(1, most))
    chain = draw(st.sampled_from((0.0, 0.5, 0.9, 1.0)))
    extra = draw(st.integers(0, 2 * count))
    rng = random.Random(draw(st.integers(0, 2**32)))
    edges = {(node - 1, node) for node in range(1, count) if rng.random() < chain}
    for _ in range(extra if count > 1 else 0):
        source = rng.randrange(count - 1)
        edges.add((source, rng.randrange(source + 1, count)))
    return Graph(count, tuple(sorted(edges)))
