"""What of a TFLite file is looked at before an engine sees it."""

from __future__ import annotations

import contextlib
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ModelError
from kenning_lego.runtimes.tflite_scan import scan_tflite
from tests.runtimes.tflite_files import INT8, Table, product, quantised

WHOLE = product(
    dtype=INT8, meanings=(quantised(0.5, 3), quantised(1, 0), quantised(2, -1)), names=("a", "b")
)


def test_whole_file_passes() -> None:
    scan_tflite(product())
    scan_tflite(WHOLE)


def test_every_cut_is_noticed() -> None:
    for end in range(len(WHOLE) - 8):
        with pytest.raises(ModelError, match="no whole TFLite file"):
            scan_tflite(WHOLE[:end])


@pytest.mark.parametrize(
    "extra",
    [
        {8: [Table({0: "/etc/passwd"})]},
        {9: [Table({0: 1, 1: 0})]},
    ],
)
def test_weights_in_other_files_are_refused(extra: dict[int, list[Table]]) -> None:
    with pytest.raises(ModelError, match="weights in other files"):
        scan_tflite(product(extra=dict(extra)))


def test_empty_list_of_other_files_is_none() -> None:
    scan_tflite(product(extra={8: []}))


def named_often(times: int) -> bytes:
    """A model that names one graph so many times, which names one tensor so many times."""
    out = bytearray(struct.pack("<I4s", 8 + 10, b"TFL3"))
    for field, next_vtable in ((2, 6), (0, 4)):
        vtable = struct.pack(f"<HH{field + 1}H", 6 + 2 * field, 8, *[0] * field, 4)
        out += vtable + struct.pack("<iII", len(vtable), 4, times)
        child = len(out) + 4 * times + next_vtable
        out += b"".join(struct.pack("<I", child - len(out) - 4 * at) for at in range(times))
    return bytes(out + struct.pack("<HHi", 4, 4, 4))


def test_tables_that_are_named_often_are_followed_once() -> None:
    begin = time.process_time()
    scan_tflite(named_often(10_000))  # 10^8 tables in 80 kB, were each followed each time
    assert time.process_time() - begin < 10


@given(st.binary(max_size=300))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    with contextlib.suppress(ModelError):
        scan_tflite(b"\x10\0\0\0TFL3" + noise)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8))
def test_damage_raises_nothing_else(changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for at, value in changes:
        content[at] = value
    with contextlib.suppress(ModelError):
        scan_tflite(bytes(content))
