from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.datasets.lazy import LazyPart
from kenning_lego.metrics.classification import TOP1


class Numbered:
    """Images that tell which they are, and which were asked for."""

    def __init__(self, threads: bool = False) -> None:
        self.shape = (1, 2, 3)
        self.threads = threads
        self.asked: list[int] = []

    def read(self, index: int) -> np.ndarray:
        self.asked.append(index)
        return np.full(self.shape, index, np.float32)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


LABELS = np.arange(10, dtype=np.int64) % 3


def in_memory() -> Part:
    return Part(np.stack([Numbered().read(index) for index in range(10)]), LABELS)


@pytest.mark.parametrize("threads", [False, True])
@pytest.mark.parametrize("size", [1, 3, 10, 99])
def test_batches_are_those_of_a_part_in_memory(size: int, threads: bool) -> None:
    part = LazyPart(Numbered(threads), LABELS).take([9, 0, 4, 4, 2])
    other = in_memory().take([9, 0, 4, 4, 2])
    pairs = list(zip(part.batches(size), other.batches(size), strict=True))
    for (images, labels), (wanted, expected) in pairs:
        np.testing.assert_array_equal(images, wanted)
        np.testing.assert_array_equal(labels, expected)
    assert sum(len(images) for (images, _), _ in pairs) == 5


def test_images_are_those_of_a_part_in_memory_and_are_read_once() -> None:
    source = Numbered()
    part = LazyPart(source, LABELS)
    np.testing.assert_array_equal(part.images, in_memory().images)
    assert part.images is part.images
    assert sorted(source.asked) == list(range(10))
    assert part.shape == (1, 2, 3)


def test_only_what_is_taken_is_read() -> None:
    source = Numbered()
    part = LazyPart(source, LABELS).take([5, 6, 7]).take([1])
    assert source.asked == []
    assert part.images[0, 0, 0, 0] == 6
    assert source.asked == [6]
    next(LazyPart(source, LABELS).batches(2))
    assert source.asked == [6, 0, 1]


def test_decoded_images_leave_no_file_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    part = LazyPart(Numbered(), LABELS)
    before = descriptors()
    assert part.images[3].mean() == 3
    assert list(tmp_path.iterdir()) == []
    del part
    assert descriptors() == before


def test_no_thread_is_left_when_a_reader_stops_early() -> None:
    before = threading.active_count()
    batches = LazyPart(Numbered(threads=True), LABELS).batches(2)
    next(batches)
    del batches
    assert threading.active_count() == before


def test_too_little_room_is_told_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    source = Numbered()
    with pytest.raises(ConfigurationError, match=r"0\.00 GB left \(set TMPDIR"):
        _ = LazyPart(source, LABELS).images
    assert source.asked == []


def test_an_empty_part_has_a_shape_and_no_batches() -> None:
    part = LazyPart(Numbered(), LABELS).take([])
    assert part.images.shape == (0, 1, 2, 3)
    assert list(part.batches(4)) == []


def test_networks_train_and_score_on_what_is_read_on_demand() -> None:
    torch = pytest.importorskip("torch")
    from kenning_lego.training.classification import train
    from kenning_lego.training.configuration import TrainingConfig
    from kenning_lego.training.prediction import evaluate

    def trained(part: Part | LazyPart) -> float:
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 3))
        train(model, Dataset("d", ("a", "b", "c"), part, part, part), TrainingConfig(epochs=2))
        return evaluate(model, part, TOP1)

    assert trained(LazyPart(Numbered(), LABELS)) == trained(in_memory())
