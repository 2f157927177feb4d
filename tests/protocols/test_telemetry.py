"""Telemetry and newest readings on the wire: the same at the other end, or refused."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.plans import Observation
from kenning_lego.core.telemetry import MAX_COLUMNS, MAX_SAMPLES, Telemetry, place_of, quantity_of
from kenning_lego.protocols.codec import pack_numbers, unpack_numbers
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.results import (
    LAST_UNIX_S,
    MAX_KEY,
    pack_observation,
    pack_telemetry,
    read_observation,
    read_telemetry,
)
from tests.protocols.strategies import texts

finite = st.floats(allow_nan=False, allow_infinity=False)
Column = tuple[float | None, ...]


@st.composite
def telemetries(draw: st.DrawFn) -> Telemetry:
    count = draw(st.integers(0, 6))
    column = st.lists(st.none() | finite, min_size=count, max_size=count).map(tuple)
    return Telemetry(
        draw(st.floats(0, LAST_UNIX_S)),
        tuple(sorted(draw(st.lists(finite, min_size=count, max_size=count)))),
        draw(st.dictionaries(texts(MAX_KEY), column, max_size=4)),
        draw(st.dictionaries(texts(20), texts(40), max_size=3)),
    )


def on_the_wire(telemetry: Telemetry) -> tuple[dict[str, Any], list[bytes]]:
    frames = [pack_numbers(each) for each in (telemetry.times_s, *telemetry.columns.values())]
    return dict(pack_telemetry(telemetry)), frames


def read(packed: dict[str, Any], frames: list[bytes]) -> Telemetry:
    return read_telemetry(Fields(dict(packed), "OK"), [unpack_numbers(each) for each in frames])


SAMPLE = Telemetry(
    1.7e9, (10.0, 11.0, 11.0), {"load_1min": (0.5, None, 0.25)}, {"rails": "no INA3221"}
)


@given(telemetries())
def test_telemetry_is_the_same_after_the_wire(telemetry: Telemetry) -> None:
    assert read(*on_the_wire(telemetry)) == telemetry


@pytest.mark.parametrize(
    "change",
    [
        {"began_unix_s": -1.0},
        {"began_unix_s": math.nan},
        {"began_unix_s": LAST_UNIX_S + 1},
        {"began_unix_s": None},
        {"count": 2},
        {"count": 4},
        {"count": MAX_SAMPLES + 1},
        {"count": True},
        {"columns": []},
        {"columns": ["load_1min", "load_1min"]},
        {"columns": ["k" * (MAX_KEY + 1)]},
        {"columns": [7]},
        {"columns": ["k"] * (MAX_COLUMNS + 1)},
        {"absent": {"rails": 1}},
        {"absent": {"rails": "x" * 5000}},
        {"absent": []},
    ],
)
def test_telemetry_out_of_bounds_is_refused(change: dict[str, Any]) -> None:
    packed, frames = on_the_wire(SAMPLE)
    with pytest.raises(ProtocolError):
        read({**packed, **change}, frames)


@pytest.mark.parametrize("name", ["began_unix_s", "count", "columns", "absent"])
def test_telemetry_that_lacks_a_field_is_refused(name: str) -> None:
    packed, frames = on_the_wire(SAMPLE)
    del packed[name]
    with pytest.raises(ProtocolError, match=f"lacks '{name}'"):
        read(packed, frames)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [pack_numbers((1.0, 2.0, 3.0))],
        [pack_numbers((1.0, 2.0, 3.0))] * 3,
        [pack_numbers((1.0, 2.0, 3.0)), pack_numbers((1.0, 2.0))],
        [pack_numbers((1.0, None, 3.0)), pack_numbers((1.0, 2.0, 3.0))],
        [pack_numbers((1.0, 3.0, 2.0)), pack_numbers((1.0, 2.0, 3.0))],
        [pack_numbers((1.0, 2.0, 3.0)), pack_numbers((1.0, 2.0, math.inf))],
        [pack_numbers((1.0, 2.0, 3.0)), pack_numbers((1.0, 2.0, 3.0))[:-1]],
    ],
)
def test_telemetry_with_frames_that_do_not_fit_is_refused(frames: list[bytes]) -> None:
    packed, _ = on_the_wire(SAMPLE)
    with pytest.raises(ProtocolError):
        read(packed, frames)


@given(st.lists(st.none() | finite))
def test_numbers_are_the_same_after_the_wire(numbers: list[float | None]) -> None:
    packed = pack_numbers(numbers)
    bits = [math.nan if each is None else each for each in numbers]
    assert packed == struct.pack(f"<{len(bits)}d", *bits)
    assert unpack_numbers(packed) == tuple(numbers)
    assert unpack_numbers(memoryview(packed)) == tuple(numbers)


@given(st.binary(max_size=64))
def test_bytes_are_numbers_only_if_they_are_whole_and_finite(frame: bytes) -> None:
    try:
        numbers = unpack_numbers(frame)
    except ProtocolError:
        whole = len(frame) % 8 == 0
        assert not whole or any(map(math.isinf, struct.unpack(f"<{len(frame) // 8}d", frame)))
    else:
        assert len(numbers) * 8 == len(frame)
        assert all(each is None or math.isfinite(each) for each in numbers)


@given(st.dictionaries(texts(40), finite, max_size=4))
def test_newest_readings_are_the_same_after_the_wire(latest: dict[str, float]) -> None:
    observation = Observation("lab", 1.0, 2.0, "PLAN", 3, 4, 5, latest)
    assert read_observation(Fields(dict(pack_observation(observation)), "OK")) == observation


@pytest.mark.parametrize(
    "latest",
    [
        None,
        [],
        {"a": "text"},
        {"a": math.nan},
        {"a": math.inf},
        {"a": None},
        {"a": True},
        {1: 1.0},
        {str(index): 1.0 for index in range(MAX_COLUMNS + 1)},
    ],
)
def test_newest_readings_out_of_bounds_are_refused(latest: object) -> None:
    packed = {**pack_observation(Observation()), "latest": latest}
    with pytest.raises(ProtocolError, match="latest"):
        read_observation(Fields(packed, "OK"))


def test_key_is_a_quantity_and_a_place() -> None:
    assert (quantity_of("temperature_c.cpu"), place_of("temperature_c.cpu")) == (
        "temperature_c",
        "cpu",
    )
    assert (quantity_of("load_1min"), place_of("load_1min")) == ("load_1min", "")
