"""TensorBoard's files: against published checksums, a reader of our own, and TensorBoard's."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import StoreError
from kenning_lego.training.event_file import crc32c, first_record, record, scalars_record
from kenning_lego.training.fitting import EpochResult
from kenning_lego.training.training_log import EVENTS_NAME, LINES_NAME, TrainingLog


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4, as the next
        (bytes([0xFF]) * 32, 0x62A8AB43),
        (b"", 0),
    ],
)
def test_checksums_are_the_published_ones(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


def records(content: bytes) -> Iterator[bytes]:
    while content:
        (length,) = struct.unpack_from("<Q", content)
        data = content[12 : 12 + length]
        assert record(data) == content[: 16 + length]
        yield data
        content = content[16 + length :]


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_records_come_out_as_they_went_in(several: list[bytes]) -> None:
    assert list(records(b"".join(map(record, several)))) == several


def test_events_are_what_the_protocol_buffers_say() -> None:
    (begin,) = records(first_record(2.0))
    assert begin == b"\x09" + struct.pack("<d", 2.0) + b"\x1a\x0dbrain.Event:2"
    (event,) = records(scalars_record(2.0, 300, {"a": 0.5}))
    value = b"\x0a\x01a\x15" + struct.pack("<f", 0.5)
    summary = b"\x0a" + bytes([len(value)]) + value
    head = b"\x09" + struct.pack("<d", 2.0) + b"\x10\xac\x02"
    assert event == head + b"\x2a" + bytes([len(summary)]) + summary


def epoch(number: int) -> EpochResult:
    return EpochResult(number, 3, 1 / number, 0.5 + number / 10, 0.01, 2.0, 1e9 + number)


def write(directory: Path, count: int) -> None:
    with TrainingLog(directory, "top1") as log:
        for number in range(1, count + 1):
            log.add(epoch(number))
        if count == 3:
            log.finish(epoch(3), 0.75)


def test_a_log_that_goes_on_begins_with_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path, 2)
    before = {name: (tmp_path / name).read_bytes() for name in (LINES_NAME, EVENTS_NAME)}
    write(tmp_path, 3)
    for name, content in before.items():
        assert (tmp_path / name).read_bytes().startswith(content)
    lines = (tmp_path / LINES_NAME).read_text(encoding="utf-8").splitlines()
    first, *_, last = map(json.loads, lines)
    assert (first["epoch"], first["loss"], first["validation_score"]) == (1, 1.0, 0.6)
    assert last == {"best_epoch": 3, "metric": "top1", "test_score": 0.75}


def test_a_disk_that_is_full_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / LINES_NAME).symlink_to("/dev/full")
    with pytest.raises(StoreError, match="no space left"):
        write(tmp_path, 1)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        TrainingLog(tmp_path / "file" / "log", "top1")


def test_tensorboard_reads_them(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    write(tmp_path, 3)
    found = reader.EventAccumulator(str(tmp_path))
    found.Reload()
    losses = found.Scalars("loss/train")
    assert [(each.step, each.wall_time) for each in losses] == [(n, 1e9 + n) for n in (1, 2, 3)]
    assert [each.value for each in losses] == pytest.approx([1, 1 / 2, 1 / 3])
    assert found.Scalars("top1/validation")[1].value == pytest.approx(0.7)
    assert found.Scalars("top1/test")[0].value == pytest.approx(0.75)
