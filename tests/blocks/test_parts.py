from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from kenning_lego.blocks.capture.inputs import bind
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.cutting.parts import install, traceable_parts
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.core.errors import ModelError, UnknownNameError
from tests.blocks import networks

IMAGES = list(torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1)))


def detector() -> networks.Detector:
    torch.manual_seed(0)
    return networks.Detector().eval()


def test_a_network_that_cannot_be_traced_names_the_parts_that_can() -> None:
    with pytest.raises(ModelError, match="forward cannot be traced: item takes") as caught:
        extract(detector(), (IMAGES,))
    assert "'body' (99% of the FLOPs), 'score' (1% of the FLOPs)" in caught.value.remedy


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = detector()

    def forward(self, images: list[Tensor]) -> list[dict[str, Tensor]]:
        return self.inner(images)  # type: ignore[no-any-return]


def test_parts_are_looked_for_inside_of_parts() -> None:
    model = Wrapped().eval()
    parts = traceable_parts(model, bind(model, (IMAGES,)))
    assert [each.path for each in parts] == ["inner.body", "inner.score"]


def test_a_part_is_cut_and_put_back_between_the_code_around_it() -> None:
    model = detector()
    chain = extract(model, (IMAGES,), part="body", count=2)
    assert chain.blocks
    whole = install(model, (IMAGES,), "body", chain)
    for expected, found in zip(model(IMAGES), whole(IMAGES), strict=True):
        assert torch.equal(expected["scores"], found["scores"])


def test_variants_in_a_part_change_the_whole() -> None:
    model = detector()
    chain = extract(model, (IMAGES,), part="body")
    variants = make_variants(chain, (0.0, 0.5))
    changed = chain.replace({each.name: variants[each.name][-1].module for each in chain.blocks})
    whole = install(model, (IMAGES,), "body", changed)
    assert len(whole(IMAGES)) == 2
    assert sum(each.numel() for each in whole.parameters()) < sum(
        each.numel() for each in model.parameters()
    )


def test_gradients_reach_the_installed_blocks() -> None:
    model = detector()
    whole = install(model, (IMAGES,), "body", extract(model, (IMAGES,), part="body"))
    sum(each["scores"].sum() for each in whole(IMAGES)).backward()
    assert all(each.grad is not None for name, each in whole.named_parameters() if "body" in name)


def test_a_part_that_does_not_exist_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown part 'bodi'.*did you mean 'body'"):
        extract(detector(), (IMAGES,), part="bodi")


def test_a_part_that_is_called_twice_is_refused() -> None:
    torch.manual_seed(0)
    with pytest.raises(ModelError, match="not called exactly once"):
        extract(networks.SharedHead(), IMAGES[0][None], part="head")
