"""Segments are calibrated on what they take within the original network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kenning_lego.blocks.activations import Activations
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.core.errors import ModelError, UnknownNameError
from tests.blocks.networks import UNet

IMAGES = np.random.default_rng(0).standard_normal((3, 1, 16, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def chain() -> Chain:
    """With skips: tensors that several later segments use."""
    torch.manual_seed(0)
    return extract(UNet().eval(), torch.from_numpy(IMAGES[:1]), count=3)


def test_samples_are_the_chains_own_tensors(chain: Chain) -> None:
    activations = Activations(chain, [IMAGES])
    expected = [chain.tensors(torch.from_numpy(IMAGES[i : i + 1])) for i in range(3)]
    names = [segment.name for segment in chain]
    for name in [*names, names[0], names[-1], names[1]]:
        found = list(activations.samples(name)())
        assert len(found) == len(IMAGES)
        for sample, tensors in zip(found, expected, strict=True):
            for array, spec in zip(sample, chain[name].inputs, strict=True):
                assert np.array_equal(array, tensors[spec.name].numpy())


def test_only_what_is_still_needed_is_held(chain: Chain) -> None:
    activations = Activations(chain, [IMAGES])
    last = chain.segments[-1]
    list(activations.samples(last.name)())
    assert {name for held in activations._held for name in held} == {s.name for s in last.inputs}


def test_samples_are_told_apart_by_images_and_by_what_ran_before(chain: Chain) -> None:
    names = [segment.name for segment in chain]
    before = [Activations(chain, [IMAGES]).samples(name).fingerprint for name in names]
    assert before == [Activations(chain, [IMAGES]).samples(name).fingerprint for name in names]
    assert len({*before}) == len(names)
    others = [Activations(chain, [IMAGES + 1]).samples(name).fingerprint for name in names]
    assert not {*before} & {*others}
    changed = extract(UNet().eval(), torch.from_numpy(IMAGES[:1]), count=3)
    after = [Activations(changed, [IMAGES]).samples(name).fingerprint for name in names]
    assert after[0] == before[0]  # nothing ran before the first segment
    assert not {*after[1:]} & {*before}


def test_samples_are_read_to_the_end_while_the_next_segment_begins(chain: Chain) -> None:
    activations = Activations(chain, [IMAGES])
    first, second = (iter(activations.samples(each.name)()) for each in chain.segments[:2])
    shapes = [next(first)[0].shape, next(second)[0].shape, next(first)[0].shape]
    assert shapes[0] == shapes[2]
    assert len(list(first)) == 1


def test_wrong_images_and_names_are_refused(chain: Chain) -> None:
    with pytest.raises(ModelError, match="the network takes"):
        Activations(chain, [IMAGES, IMAGES])
    with pytest.raises(ModelError, match="the network takes"):
        Activations(chain, [])
    with pytest.raises(UnknownNameError, match="no-segment"):
        Activations(chain, [IMAGES]).samples("no-segment")
