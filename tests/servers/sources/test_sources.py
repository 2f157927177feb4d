"""Sources give the frames that they should, of stored tensors, videos and cameras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kenning_lego.core.errors import (
    ConfigurationError,
    MissingDependencyError,
    ModelError,
    StoreError,
    UnknownNameError,
)
from kenning_lego.core.frame_sources import (
    CameraFrames,
    ImagePreparation,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.runtimes.base import allocate
from kenning_lego.servers.sources import images
from kenning_lego.servers.sources.captures import CaptureSource
from kenning_lego.servers.sources.images import ImageWriter
from kenning_lego.servers.sources.lookup import open_source
from kenning_lego.store.artifacts import ArtifactStore

DATA = os.environ.get("KENNING_LEGO_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data"
VIDEO = Path(DATA) / "video" / "bgs_video.avi"
"""A recorded one: no camera is needed for the tests."""
TWO = (TensorSpec("x", (1, 2), "float32"), TensorSpec("n", (3,), "int64"))
IMAGE = (TensorSpec("image", (1, 3, 4, 6), "float32"),)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def test_stored_frames_come_in_order_again_and_again(store: ArtifactStore) -> None:
    content = b"".join(
        np.array([n, n + 0.5], np.float32).tobytes() + np.array([n] * 3, np.int64).tobytes()
        for n in range(3)
    )
    digest = store.add(content)
    arrays = allocate(IOSpec(TWO, ()))
    source = open_source(StoredFrames(digest), TWO, store, {}, frames_before=4)
    seen = []
    for _ in range(4):
        assert source.fill(arrays)
        seen.append((arrays["x"].tolist(), arrays["n"].tolist()))
    assert seen == [([[n, n + 0.5]], [n] * 3) for n in (1, 2, 0, 1)]
    once = open_source(StoredFrames(digest, repeat=False), TWO, store, {}, frames_before=2)
    assert [once.fill(arrays) for _ in range(2)] == [True, False]


def test_artifact_without_whole_frames_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(ModelError, match="does not hold whole frames, which take 32 bytes"):
        open_source(StoredFrames(store.add(b"x" * 33)), TWO, store, {})
    with pytest.raises(StoreError):
        open_source(StoredFrames("0" * 64), TWO, store, {})


def test_random_frames_of_a_seed_go_on_where_they_broke_off(store: ArtifactStore) -> None:
    arrays = allocate(IOSpec(TWO, ()))

    def drawn(before: int, count: int) -> list[list[list[float]]]:
        source = open_source(RandomFrames(7), TWO, store, {}, frames_before=before)
        return [arrays["x"].tolist() for _ in range(count) if source.fill(arrays)]

    assert drawn(0, 5)[2:] == drawn(2, 3)
    assert drawn(0, 2)[0] != drawn(0, 2)[1]


def test_null_source_leaves_the_inputs_alone(store: ArtifactStore) -> None:
    arrays = allocate(IOSpec(TWO, ()))
    source = open_source(NullFrames(), TWO, store, {})
    assert source.fill(arrays)
    assert not arrays["x"].any()
    source.close()


def test_video_that_was_not_named_at_the_start_is_unknown(store: ArtifactStore) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'door'\?; .*serve --video NAME=PATH"):
        open_source(VideoFrames("dooor"), IMAGE, store, {"door": Path("door.mp4")})


def test_missing_opencv_is_told_with_the_extra(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    for settings in (CameraFrames(), VideoFrames("door")):
        with pytest.raises(MissingDependencyError, match=r"kenning-lego\[camera\]"):
            open_source(settings, IMAGE, store, {"door": Path("door.mp4")})


class FakeDevice:
    """What a camera or a video is to OpenCV."""

    def __init__(self, pictures: list[NDArray[np.uint8]]) -> None:
        self.pictures = pictures
        self.given = 0
        self.released = False

    def read(self) -> tuple[bool, NDArray[np.uint8] | None]:
        if self.given == len(self.pictures):
            return False, None
        self.given += 1
        return True, self.pictures[self.given - 1]

    def set(self, _property: int, position: int) -> None:
        self.given = position

    def release(self) -> None:
        self.released = True


class FakeOpenCV:
    """The few calls of OpenCV that are made, by numpy alone: nearest pixels."""

    INTER_AREA = INTER_LINEAR = CAP_PROP_POS_FRAMES = 0
    COLOR_BGR2RGB, COLOR_BGR2GRAY = 1, 2

    @staticmethod
    def resize(image: NDArray[Any], size: tuple[int, int], interpolation: int) -> NDArray[Any]:
        columns = np.arange(size[0]) * image.shape[1] // size[0]
        rows = np.arange(size[1]) * image.shape[0] // size[1]
        resized: NDArray[Any] = image[rows][:, columns]
        return resized

    @classmethod
    def cvtColor(cls, image: NDArray[Any], code: int) -> NDArray[Any]:  # noqa: N802
        if code == cls.COLOR_BGR2RGB:
            return np.flip(image, axis=2)
        return np.asarray(image.mean(axis=2), np.uint8)


@pytest.fixture
def _fake_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "import_opencv", FakeOpenCV)
    monkeypatch.setattr("kenning_lego.servers.sources.captures.import_opencv", FakeOpenCV)


def pictures(count: int) -> list[NDArray[np.uint8]]:
    """Of one colour each: blue 10 + n, green 20 + n, red 30 + n."""
    return [np.full((8, 12, 3), (10 + n, 20 + n, 30 + n), np.uint8) for n in range(count)]


@pytest.mark.usefixtures("_fake_opencv")
@pytest.mark.parametrize(
    ("spec", "preparation", "expected"),
    [
        (
            TensorSpec("image", (1, 3, 4, 6)),
            ImagePreparation(scale=1.0, mean=(30.0, 20.0, 10.0), deviation=(1.0, 2.0, 5.0)),
            [0.0, 0.0, 0.0],
        ),
        (TensorSpec("image", (1, 3, 4, 6)), ImagePreparation("bgr", scale=1.0), [10, 20, 30]),
        (
            TensorSpec("image", (1, 4, 6, 3)),
            ImagePreparation(layout="nhwc", scale=2.0),
            [60, 40, 20],
        ),
        (TensorSpec("image", (1, 4, 6, 3), "uint8"), ImagePreparation(layout="nhwc"), [30, 20, 10]),
        (TensorSpec("image", (1, 1, 4, 6)), ImagePreparation("grey", scale=1.0), [20]),
    ],
)
def test_image_is_ordered_and_normalised_as_the_network_wants_it(
    spec: TensorSpec, preparation: ImagePreparation, expected: list[float]
) -> None:
    writer = ImageWriter((spec,), preparation)
    tensor = allocate(IOSpec((spec,), ()))["image"]
    writer.write(pictures(1)[0], tensor)
    axis = 1 if preparation.layout == "nchw" else 3
    channels = np.moveaxis(tensor, axis, -1).reshape(-1, len(expected))
    assert channels == pytest.approx(np.array([expected] * len(channels)))


@pytest.mark.usefixtures("_fake_opencv")
@pytest.mark.parametrize(
    "specs",
    [
        TWO,
        (TensorSpec("x", (1, 2)),),
        (TensorSpec("x", (2, 3, 4, 6)),),
        (TensorSpec("x", (1, 4, 6, 3)),),
    ],
)
def test_input_that_is_no_image_is_refused(specs: tuple[TensorSpec, ...]) -> None:
    with pytest.raises(ModelError, match="NCHW"):
        ImageWriter(specs, ImagePreparation())


@pytest.mark.usefixtures("_fake_opencv")
def test_device_gives_images_until_it_fails_and_a_video_begins_again() -> None:
    arrays = allocate(IOSpec(IMAGE, ()))
    writer = ImageWriter(IMAGE, ImagePreparation(scale=1.0))

    def seen(source: CaptureSource, count: int) -> list[float]:
        return [float(arrays["image"][0, 0, 0, 0]) for _ in range(count) if source.fill(arrays)]

    camera = CaptureSource(FakeDevice(pictures(2)), writer, "the camera 0", None)
    assert seen(camera, 2) == [30, 31]
    with pytest.raises(StoreError, match="the camera 0 gives no image"):
        camera.fill(arrays)
    assert seen(CaptureSource(FakeDevice(pictures(2)), writer, "it", True), 5) == [
        30,
        31,
        30,
        31,
        30,
    ]
    device = FakeDevice(pictures(2))
    once = CaptureSource(device, writer, "it", False)
    assert seen(once, 5) == [30, 31]
    once.close()
    assert device.released
    with pytest.raises(StoreError, match="it gives no image"):
        CaptureSource(FakeDevice([]), writer, "it", True).fill(arrays)


def test_recorded_video_is_read(store: ArtifactStore) -> None:
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    if not VIDEO.exists():
        pytest.skip(f"{VIDEO} is not here")
    arrays = allocate(IOSpec(IMAGE, ()))
    source = open_source(VideoFrames("road"), IMAGE, store, {"road": VIDEO})
    means = [float(arrays["image"].mean()) for _ in range(5) if source.fill(arrays)]
    source.close()
    assert len(means) == 5
    assert all(0 < mean < 1 for mean in means)
    capture = cv2.VideoCapture(str(VIDEO))
    first = capture.read()[1]
    capture.release()
    assert means[0] == pytest.approx(first.mean() / 255, abs=0.01)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        open_source(CameraFrames(999), IMAGE, store, {})
