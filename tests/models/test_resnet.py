from __future__ import annotations

import pytest
import torch

from kenning_lego.models.resnet import ResNet, resnet18_digits


def parameters(model: torch.nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


def test_the_digits_form_gives_ten_logits_a_sample() -> None:
    model = resnet18_digits().eval()
    assert model(torch.zeros(3, 1, 8, 8)).shape == (3, 10)
    assert parameters(model) == 2_797_034


@pytest.mark.parametrize(
    ("stem", "strides", "side"), [("3x3", (1, 2, 2, 2), 4), ("7x7", (1, 2, 2, 1), 2)]
)
def test_strides_and_stem_set_the_size_of_the_last_stage(
    stem: str, strides: tuple[int, int, int, int], side: int
) -> None:
    model = ResNet.__new__(ResNet)
    ResNet.__init__(model, widths=(4, 8, 8, 16), strides=strides, stem=stem)  # type: ignore[arg-type]
    sizes = []
    model.layer4.register_forward_hook(lambda _, __, output: sizes.append(output.shape))
    model.eval()(torch.zeros(1, 3, 32, 32))
    assert sizes == [(1, 16, side, side)]


def test_a_block_of_one_shape_has_a_plain_shortcut() -> None:
    model = resnet18_digits()
    shortcuts = [
        isinstance(block.downsample, torch.nn.Identity)
        for stage in (model.layer1, model.layer2, model.layer3, model.layer4)
        for block in stage
    ]
    assert shortcuts == [True, True, False, True, False, True, False, True]


def test_the_network_can_be_captured_as_a_graph() -> None:
    model = resnet18_digits().eval()
    image = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    captured = torch.export.export(model, (image,)).module()
    torch.testing.assert_close(captured(image), model(image))
