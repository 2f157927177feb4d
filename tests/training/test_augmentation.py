from __future__ import annotations

import torch

from kenning_lego.training.augmentation import flip, shift


def test_images_are_shifted_by_whole_pixels_and_edges_repeat() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    allowed = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            rows = (torch.arange(4) + down).clamp(0, 3)
            columns = (torch.arange(4) + right).clamp(0, 3)
            allowed.append(image[0, 0][rows][:, columns])
    shifted = shift(image.expand(200, 2, 4, 4), 1, torch.Generator().manual_seed(0))
    seen = set()
    for sample in shifted:
        assert torch.equal(sample[0], sample[1])
        seen.add(next(i for i, each in enumerate(allowed) if torch.equal(sample[0], each)))
    assert seen == set(range(9))


def test_a_shift_by_nothing_changes_nothing() -> None:
    images = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(shift(images, 0, torch.Generator()), images)


def test_about_half_of_the_images_are_mirrored() -> None:
    image = torch.arange(4.0).view(1, 1, 1, 4)
    flipped = flip(image.expand(400, 1, 1, 4), torch.Generator().manual_seed(0))
    mirrored = sum(torch.equal(each, image[0].flip(-1)) for each in flipped)
    kept = sum(torch.equal(each, image[0]) for each in flipped)
    assert mirrored + kept == 400
    assert 150 < mirrored < 250
