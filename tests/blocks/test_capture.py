"""What users' networks may do, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from kenning_lego.blocks.capture.capture import capture
from kenning_lego.blocks.capture.inputs import bind
from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.cost import cost
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.prune import prune
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.networks import conv, conv_bn_relu

IMAGE = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def make(network: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return network().eval()


def body() -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))


class Own(nn.Module):
    """Two convolutions, then an operation on what they give and on the image."""

    def __init__(self, operation: Callable[[Tensor, Tensor], object]) -> None:
        super().__init__()
        self.body = body()
        self.operation = operation

    def forward(self, x: Tensor) -> object:
        return self.operation(self.body(x), x)


def in_place(y: Tensor, x: Tensor) -> Tensor:
    y += x
    y *= 2
    y.clamp_(max=0.5)
    torch.relu_(y)
    return functional.hardswish(y, inplace=True)


def rows(y: Tensor, x: Tensor) -> Tensor:
    first, *others = y.unbind(1)
    return torch.stack([first * 2, *others], 1)


OPERATIONS: dict[str, Callable[[Tensor, Tensor], object]] = {
    "a tensor added to itself": lambda y, x: y + y,
    "scalars on either side": lambda y, x: 2 / (1 - y * 3) ** 2,
    "scaled addition": lambda y, x: torch.add(y, y, alpha=3),
    "keyword arguments": lambda y, x: functional.interpolate(
        input=y, scale_factor=2.0, mode="nearest"
    ),
    "in-place operations": in_place,
    "parts of a tensor": rows,
    "slices": lambda y, x: y[:, 1:, ::2] + y[..., 1:, :, :][:, -7:, ::2],
    "einsum": lambda y, x: torch.einsum("nchw,nkhw->nck", y, x),
    "broadcasting": lambda y, x: y * y.mean((2, 3), keepdim=True) + torch.arange(8.0),
    "sizes": lambda y, x: y.view(x.size(0), x.shape[2] * x.shape[3], -1),
    "integers beside tensors": lambda y, x: (y, y.argmax(1)),
    "an output twice": lambda y, x: [y, {"again": y}],
    "an input among the outputs": lambda y, x: (x, y),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operations_of_every_kind_are_recorded(
    operation: Callable[[Tensor, Tensor], object],
) -> None:
    model = make(lambda: Own(operation))
    chain = extract(model, IMAGE)
    assert chain.opaque == ()
    for batch in (IMAGE, torch.rand(3, 1, 8, 8)):
        with torch.no_grad():
            expected = list(tensors_in(model(batch.clone())))
        computed = chain.run(batch)
        assert len(computed) == len(expected)
        assert all(map(torch.equal, computed, expected))


def test_inputs_may_be_nested_and_named() -> None:
    model = make(networks.Nested)
    example = {
        "facts": {"numbers": torch.rand(2, 6)},
        "images": [IMAGE, IMAGE * 2],
        "twice": True,
    }
    chain = extract(model, example)
    assert [spec.name for spec in chain.inputs] == ["images_0", "images_1", "facts_numbers"]
    with torch.no_grad():
        result = model(**example)
    computed = chain.run([IMAGE, IMAGE * 2, example["facts"]["numbers"]])  # type: ignore[index]
    assert all(map(torch.equal, computed, tensors_in(result)))
    assert len(computed) == 3


def test_inputs_that_forward_does_not_take_are_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot be called .* unexpected keyword argument 'y'"):
        extract(make(networks.PlainCnn), {"input": IMAGE, "y": IMAGE})
    with pytest.raises(ModelError, match="no tensor in the example"):
        extract(make(networks.PlainCnn), (1,))


def test_an_input_of_another_shape_is_refused_with_the_networks_own_words() -> None:
    with pytest.raises(ModelError, match=r"expected input.* to have 1 channels, but got 3"):
        extract(make(networks.PlainCnn), torch.rand(1, 3, 8, 8))


def test_code_may_branch_and_loop_on_sizes() -> None:
    model = make(networks.BranchesOnSizes)
    chain = extract(model, IMAGE)
    assert chain.opaque == ()
    assert len(chain.blocks) == 2
    batch = torch.rand(5, 1, 8, 8)
    assert torch.equal(chain.run(batch)[0], model(batch))


def test_sizes_of_the_image_do_not_tie_the_end_of_a_network_to_its_beginning() -> None:
    chain = extract(make(networks.BranchesOnSizes), IMAGE)
    assert all(len(segment.inputs) == 1 for segment in chain)


def test_sizes_inside_a_segment_stay_sizes() -> None:
    class Grow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body()
            self.last = conv(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            y = self.body(x)
            y = functional.interpolate(functional.max_pool2d(y, 2), y.shape[2:])
            return self.last(y)  # type: ignore[no-any-return]

    model = make(Grow)
    chain = extract(model, IMAGE, count=1)
    larger = torch.rand(1, 1, 12, 12)
    with torch.no_grad():
        assert torch.equal(chain.run(larger)[0], model(larger))


def test_a_module_that_branches_on_the_batch_is_left_whole() -> None:
    model = make(networks.BranchesOnBatch)
    chain = extract(model, IMAGE[:1])
    assert [each.path for each in chain.opaque] == ["scale"]
    assert torch.equal(chain.run(IMAGE)[0], model(IMAGE))


def test_a_module_that_decides_on_values_is_left_whole_and_told() -> None:
    chain = extract(make(networks.Gated), IMAGE)
    assert [each.path for each in chain.opaque] == ["gate.0"]
    assert "values of tensors" in chain.opaque[0].reason
    assert f"left whole: {chain.opaque[0]}" in str(chain)


def test_a_module_that_writes_into_slices_is_left_whole() -> None:
    model = make(networks.Shifted)
    chain = extract(model, IMAGE)
    assert [each.path for each in chain.opaque] == ["shift.1"]
    assert len(chain.blocks) == 2
    assert torch.equal(chain.run(IMAGE)[0], model(IMAGE))


def test_what_the_output_does_not_need_ties_nothing() -> None:
    class Asserts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([conv(1, 8), conv(8, 8)])

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.layers[0](x)
            torch._assert(y.sum() + x.sum() < 1e9, "large")  # type: ignore[no-untyped-call]
            z: Tensor = self.layers[1](y)
            return z

    chain = extract(make(Asserts), IMAGE)
    assert [each.scalable for each in chain] == [True]


def test_a_layer_that_is_called_twice_keeps_its_width() -> None:
    model = make(networks.Siamese)
    narrow = prune(capture(model, bind(model, IMAGE)).module, [IMAGE], 0.3)
    widths = {
        name: each.out_channels
        for name, each in narrow.module.named_modules()
        if isinstance(each, nn.Conv2d)
    }
    assert widths["body.0.0"] == widths["body.1"] == 8
    assert widths["joint.0.0"] < 16


def test_numbers_out_of_tensors_are_no_sizes() -> None:
    class Normalised(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x / x.max().item()

    chain = extract(make(lambda: nn.Sequential(body(), Normalised())), IMAGE)
    assert [str(each) for each in chain.opaque] == ["1: item takes numbers out of a tensor"]


def test_segments_that_share_a_layer_are_pruned_apart() -> None:
    chain = extract(make(networks.SharedHead), IMAGE, count=3)
    first, second = (each for each in chain.blocks if "head" in each.module.code)
    narrow = prune(first.module, first.example(), 0.5)
    changed = chain.replace({first.name: narrow.module}).run(IMAGE)
    assert torch.equal(changed[1], chain.run(IMAGE)[1])
    assert second.parameters == first.parameters > narrow.cost.parameters


def test_constants_of_frozen_normalisations_are_pruned_with_their_channels() -> None:
    model = make(networks.Frozen)
    chain = extract(model, IMAGE)
    assert torch.equal(chain.run(IMAGE)[0], model(IMAGE))
    (block,) = chain.blocks
    whole = cost(block.module, block.example()).flops
    narrow = prune(block.module, block.example(), 0.5)
    assert narrow.cost.flops / whole == pytest.approx(0.5, abs=0.01)


def test_a_network_that_takes_one_batch_only_is_cut_for_it() -> None:
    class OneBatch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body()

        def forward(self, x: Tensor) -> Tensor:
            return self.body(x).view(2, -1)  # type: ignore[no-any-return]

    class Strict(OneBatch):
        def forward(self, x: Tensor) -> Tensor:
            return self.body(x).view(2, 8 * 64)  # type: ignore[no-any-return]

    assert len(capture(make(Strict), bind(make(Strict), IMAGE)).runs) == 1
    assert len(extract(make(Strict), IMAGE).blocks) == 1
    assert len(extract(make(OneBatch), IMAGE).blocks) == 1


def test_a_network_that_gives_nothing_for_the_example_is_refused() -> None:
    class Picky(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body()

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.body(x)
            return y[y.abs() > 1e9]

    with pytest.raises(ModelError, match="'head_out' is empty for the example input"):
        extract(make(Picky), IMAGE)
