from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.images import ImageInput, read_image
from tests.datasets.image_files import write_image

PLAIN: dict[str, Any] = {"mean": (0.0,), "std": (1.0,)}


def options(**given: Any) -> ImageInput:
    return ImageInput(**{**PLAIN, **given})


def test_an_image_of_the_right_size_keeps_its_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_image(path, seed=0, height=3, width=5)
    image = read_image(path, options(size=(3, 5), resize=None))
    pixels = np.asarray(Image.open(path)).transpose(2, 0, 1)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(np.rint(image * 255), pixels)


def test_channels_are_normalised_each(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (2, 2), (255, 51, 0)).save(path)
    given = ImageInput(size=(2, 2), resize=None, mean=(0.5, 0.2, 0.1), std=(0.5, 1.0, 0.1))
    image = read_image(path, given)
    np.testing.assert_allclose(image[:, 0, 0], [1, 0, -1], atol=1e-6)


@pytest.mark.parametrize(("width", "height"), [(12, 6), (6, 12)])
def test_the_middle_is_cut_out_after_the_shorter_side_is_scaled(
    width: int, height: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 2 - 3 : height // 2 + 3, width // 2 - 3 : width // 2 + 3] = 255
    Image.fromarray(pixels).save(path)
    image = read_image(path, options(size=(6, 6), resize=6, channels=1))
    assert image.shape == (1, 6, 6)
    assert image.min() == 1
    smaller = read_image(path, options(size=(2, 4), resize=4, channels=1))
    assert smaller.shape == (1, 2, 4)


def test_sides_are_scaled_alike_and_rounded_down(tmp_path: Path) -> None:
    # Of 7x10 scaled to 5, the longer side is int(5 * 10 / 7) = 7; then the middle of it.
    path = tmp_path / "a.png"
    write_image(path, seed=0, height=10, width=7)
    wanted = np.asarray(Image.open(path).resize((5, 7), Image.Resampling.BILINEAR))[1:6]
    image = read_image(path, options(size=(5, 5), resize=5))
    np.testing.assert_array_equal(np.rint(image * 255), wanted.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "1", "CMYK"])
def test_other_modes_become_what_is_asked_for(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode).save(path)
    for channels in (1, 3):
        image = read_image(path, options(size=(4, 4), resize=None, channels=channels))
        assert image.shape == (channels, 4, 4)
        assert image.min() > 0.98


def test_damaged_images_are_refused_by_name(tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    write_image(whole, seed=0, height=32, width=32)
    content = whole.read_bytes()
    path = tmp_path / "broken.png"
    for damaged in (b"", b"no image", content[:20], content[: len(content) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ConfigurationError, match=r"cannot read the image .*broken\.png"):
            read_image(path, options())
    with pytest.raises(ConfigurationError, match=r"cannot read the image .*gone\.png"):
        read_image(tmp_path / "gone.png", options())


def test_an_unreasonably_large_image_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    write_image(path, seed=0, height=32, width=32)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ConfigurationError, match="unreasonably large"):
        read_image(path, options())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"size": (224, 300)}, "resize 256 is smaller than size"),
        ({"channels": 1, "mean": (0.1, 0.2, 0.3)}, "mean has 3 values for 1 channels"),
        ({"std": (0.1, 0.2)}, "std has 2 values for 3 channels"),
        ({"std": (0.0,)}, "greater than 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        options(**given)
