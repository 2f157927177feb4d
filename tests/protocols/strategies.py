"""Strategies of single values for the messages of property tests."""

from __future__ import annotations

from hypothesis import strategies as st

characters = st.characters(exclude_categories=["Cs"])
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


def texts(longest: int) -> st.SearchStrategy[str]:
    return st.text(characters, max_size=min(longest, 40))
