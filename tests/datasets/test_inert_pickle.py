from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.cifar_formats import PythonFormat
from kenning_lego.datasets.inert_pickle import PickledArray, read_inert_pickle
from tests.datasets.cifar_files import make_batch, python2_batch

FORMAT = PythonFormat(labels_key="labels", names_key="label_names")


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def decode(entries: object) -> object:
    return FORMAT.decode_batch(pickle.dumps(entries, protocol=4), "batch")


def test_a_pickle_that_names_a_callable_is_refused_and_does_not_run_it(tmp_path: Path) -> None:
    content = pickle.dumps({"data": Malicious(tmp_path / "harm")})
    with pytest.raises(ConfigurationError, match=r"names posix\.mkdir, which is refused"):
        read_inert_pickle(content, "data_batch_1")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", [b"builtins\neval", b"numpy\nload", b"numpy\nndarray.dump"])
def test_names_beside_the_three_of_numpy_are_refused(name: bytes) -> None:
    with pytest.raises(ConfigurationError, match="refused"):
        read_inert_pickle(b"\x80\x02c" + name + b"\n.", "data_batch_1")


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"data": bytearray(3)}, protocol=5),
        b"\x80\x02cnumpy\nndarray\n)\x81.",
        b"\x80\x02}r\xff\xff\xff\x7f.",
        b"P1\n.",
    ],
)
def test_operations_that_the_published_files_do_not_need_are_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"operation \w+ is refused|stores at index"):
        read_inert_pickle(content, "data_batch_1")


def test_plain_containers_come_back_as_they_were() -> None:
    value = {"labels": [1, 2, 3], "pair": (1.5, None), "nested": {"a": b"b"}}
    assert read_inert_pickle(pickle.dumps(value), "file") == value


def test_arrays_come_back_as_they_were() -> None:
    for order in ("C", "F"):
        array = np.array(np.arange(24, dtype=np.uint8).reshape(4, 6), order=order)
        content = pickle.dumps({"data": array}, protocol=4)
        read = read_inert_pickle(content, "file")["data"]
        assert isinstance(read, PickledArray)
        np.testing.assert_array_equal(read.to_bytes_array(), array)


@pytest.mark.parametrize(
    "data",
    [
        np.zeros((2, 3072), np.int16),
        np.zeros((2, 3071), np.uint8),
        np.array([["a"], ["b"]], dtype=object),
        [[0] * 3072] * 2,
    ],
)
def test_data_other_than_images_of_bytes_is_refused(data: object) -> None:
    with pytest.raises(ConfigurationError, match="not a batch of images"):
        decode({"data": data, "labels": [0, 1]})


@pytest.mark.parametrize("labels", [None, [0], [0, "1"], [0, -1], [0, 1 << 70]])
def test_labels_that_do_not_fit_are_refused(labels: object) -> None:
    with pytest.raises(ConfigurationError, match="not a batch of images"):
        decode({"data": np.zeros((2, 3072), np.uint8), "labels": labels})


def test_a_pickle_of_something_else_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds no dictionary"):
        read_inert_pickle(pickle.dumps([1]), "file")
    with pytest.raises(ConfigurationError, match="no list of names"):
        FORMAT.decode_names(pickle.dumps({"label_names": 3}), "batches.meta")


def test_an_array_without_state_is_refused() -> None:
    made_only = b"\x80\x02}(U\x04datacnumpy\nndarray\n)RU\x06labels]u."
    with pytest.raises(ConfigurationError, match="not an array of unsigned bytes"):
        FORMAT.decode_batch(made_only, "batch")


@given(st.data())
def test_a_damaged_batch_is_decoded_or_refused(data: st.DataObject) -> None:
    content = bytearray(python2_batch(make_batch(1, 10, seed=0), "labels"))
    header = 160  # the rest is pixels
    for index in data.draw(st.lists(st.integers(0, header), min_size=1, max_size=4)):
        content[index] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ConfigurationError):
        FORMAT.decode_batch(bytes(content), "batch")
