"""Columns: exact, small, readable without us, and never more than they say."""

from __future__ import annotations

import base64
import json
import random
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.columns import pack_column, unpack_column

TEXT = "int64_planes_zlib"


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=200))
def test_integers_survive_exactly(numbers: list[int]) -> None:
    packed = json.loads(json.dumps(pack_column(numbers)))
    assert unpack_column(packed) == tuple(numbers)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_column_is_what_its_documentation_says(numbers: list[int]) -> None:
    column = pack_column(numbers)
    raw = zlib.decompress(base64.b64decode(str(column[TEXT])))
    samples = np.frombuffer(raw, "u1").reshape(8, -1).T.copy().view("<i8").ravel()
    assert samples.tolist() == numbers


def test_million_samples_stay_below_4_mb() -> None:
    rng = random.Random(0)
    samples = [int(6.5e6 * (1 + rng.gauss(0, 0.01))) for _ in range(10**6)]
    assert len(json.dumps(pack_column(samples))) < 4e6


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_integer_beyond_64_bits_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        pack_column([number])


def text_of(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw)).decode()


@pytest.mark.parametrize(
    "packed",
    [
        {},
        {"count": 1},
        {"count": 1, TEXT: 7},
        {"count": True, TEXT: text_of(bytes(8))},
        {"count": -1, TEXT: text_of(b"")},
        {"count": 2, TEXT: text_of(bytes(8))},
        {"count": 1, TEXT: text_of(bytes(9))},
        {"count": 1, TEXT: text_of(bytes(1 << 20))},
        {"count": 1, TEXT: text_of(bytes(8))[:-4]},
        {"count": 1, TEXT: text_of(bytes(8)) + "AAAA"},
        {"count": 1, TEXT: "not base64"},
        {"count": 1, TEXT: "äöü"},
        {"count": 0, TEXT: ""},
        {"count": 1, TEXT: text_of(bytes(8)), "more": 1},
    ],
)
def test_damaged_column_is_refused(packed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a column"):
        unpack_column(packed)


@settings(max_examples=200)
@given(st.data())
def test_column_with_any_changed_character_is_refused_or_as_long(data: st.DataObject) -> None:
    packed = pack_column([6_580_000, 6_581_234, 6_579_001])
    text = str(packed[TEXT])
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters())
    try:
        found = unpack_column(packed | {TEXT: text[:place] + other + text[place + 1 :]})
    except ValueError:
        return
    assert len(found) == 3
