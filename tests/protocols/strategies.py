"""Strategies of single values for the messages of property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from kenning_lego.core.engines import MAX_ENGINES, Engine, stage_of

characters = st.characters(exclude_categories=["Cs"])
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
stages = st.builds(stage_of, digests, st.integers(0, MAX_ENGINES))


def texts(longest: int) -> st.SearchStrategy[str]:
    return st.text(characters, max_size=min(longest, 40))


options = st.dictionaries(
    texts(64),
    st.booleans() | texts(256) | st.lists(st.integers(-(2**31), 2**31), max_size=3).map(tuple),
    max_size=3,
)
engines = st.lists(st.builds(Engine, texts(64), options), max_size=2).map(tuple)
