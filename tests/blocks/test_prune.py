from __future__ import annotations

import copy
import gc
import weakref

import pytest
import torch
from torch import Tensor, fx, nn

from kenning_lego.blocks.chain import Segment
from kenning_lego.blocks.cost import cost, count_parameters
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.prune import prune
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.test_extract import IMAGE, NETWORKS, make

RATIOS = (0.2, 0.4, 0.6, 0.8)


@pytest.mark.parametrize(("network", "inputs", "blocks"), NETWORKS.values(), ids=NETWORKS)
def test_every_block_of_every_network_can_be_pruned_and_keeps_its_border(
    network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
) -> None:
    chain = extract(make(network), inputs)
    before = chain.run(inputs)
    for segment in chain.blocks:
        original = cost(segment.module, segment.example())
        flops = []
        for ratio in RATIOS:
            pruned = prune(segment.module, segment.example(), ratio)
            flops.append(pruned.cost.flops)
            assert pruned.cost == cost(pruned.module, segment.example())
            assert count_parameters(pruned.module) < original.parameters
            changed = chain.replace({segment.name: pruned.module}).run(inputs)
            assert [each.shape for each in changed] == [each.shape for each in before]
            assert not pruned.module.training
        assert flops == sorted(flops, reverse=True)
    assert all(map(torch.equal, chain.run(inputs), before)), "the originals changed"


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("network", [networks.TinyResNet, networks.MobileNet, networks.PlainCnn])
def test_ratios_are_reached_within_three_points(network: type[nn.Module], ratio: float) -> None:
    for segment in extract(make(network), *IMAGE).blocks:
        pruned = prune(segment.module, segment.example(), ratio)
        original = cost(segment.module, segment.example())
        assert pruned.cost.share_of(original, "flops") == pytest.approx(1 - ratio, abs=0.03)


def test_grouped_convolutions_keep_widths_that_their_groups_divide() -> None:
    segment = extract(make(networks.GroupedCnn), *IMAGE, count=1).blocks[0]
    for ratio in RATIOS:
        pruned = prune(segment.module, segment.example(), ratio)
        grouped = next(
            each
            for each in pruned.module.modules()
            if isinstance(each, nn.Conv2d) and each.groups > 1
        )
        assert grouped.groups == 4
        assert grouped.in_channels % 4 == grouped.out_channels % 4 == 0


def block() -> Segment:
    return extract(make(networks.TinyResNet), *IMAGE)["layer2.0"]


def test_pruning_again_gives_a_module_that_a_saved_state_fits() -> None:
    segment = block()
    first = prune(segment.module, segment.example(), 0.4).module
    again = prune(segment.module, segment.example(), 0.4).module
    assert all(
        torch.equal(each, again.state_dict()[name]) for name, each in first.state_dict().items()
    )
    other = copy.deepcopy(segment.module)
    for parameter in other.parameters():
        nn.init.normal_(parameter)
    rebuilt = prune(other, segment.example(), 0.4).module
    rebuilt.load_state_dict(first.state_dict())
    image = torch.randn(3, *segment.inputs[0].sizes[1:])
    with torch.no_grad():
        assert torch.equal(rebuilt(image), first(image))


def test_the_weakest_channels_go() -> None:
    model = nn.Sequential(networks.conv(1, 8), nn.ReLU(), networks.conv(8, 4))
    segment = extract(model, *IMAGE).blocks[0]
    strong = [1, 2, 5, 6]
    weights = segment.module.get_parameter("0.weight")
    with torch.no_grad():
        weights[strong] *= 100
    pruned = prune(segment.module, segment.example(), 0.5).module
    assert torch.equal(pruned.get_parameter("0.weight"), weights[strong])


class Split(nn.Module):
    """As in Res2Net: what is split keeps the widths that the code names."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = networks.conv(1, 16), networks.conv(24, 4)
        self.left, self.right = networks.conv_bn_relu(8, 12), networks.conv_bn_relu(8, 12)

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.first(x).split(8, 1)
        joined = torch.cat([self.left(left), self.right(right)], 1)
        return self.last(joined)  # type: ignore[no-any-return]


def test_channels_that_are_split_stay_and_those_behind_can_go() -> None:
    module = fx.symbolic_trace(make(Split).eval())
    for ratio in (*RATIOS, 0.99):
        pruned = prune(module, IMAGE, ratio).module
        layers = dict(pruned.named_modules())
        assert layers["first"].out_channels == 16
        joined = layers["left.0"].out_channels + layers["right.0"].out_channels
        assert layers["last"].in_channels == joined < 24


def test_nothing_keeps_a_network_alive_that_was_pruned() -> None:
    module = fx.symbolic_trace(make(networks.TinyResNet).get_submodule("layer2.0").eval())
    pruned = prune(module, [torch.zeros(1, 16, 8, 8)], 0.5).module
    alive = weakref.ref(module), weakref.ref(pruned)
    del module, pruned
    gc.collect()
    assert [each() for each in alive] == [None, None]


def test_the_border_is_kept_even_where_nearly_everything_is_to_go() -> None:
    segment = block()
    pruned = prune(segment.module, segment.example(), 0.99)
    narrowed = pruned.module.get_submodule("layer2.0.conv1")
    assert isinstance(narrowed, nn.Conv2d)
    assert (narrowed.in_channels, narrowed.out_channels) == (16, 1)
    original = cost(segment.module, segment.example())
    assert pruned.cost.share_of(original, "flops") > 0.01


def test_parameters_that_were_frozen_can_be_trained_in_the_copy_alone() -> None:
    segment = block()
    segment.module.requires_grad_(requires_grad=False)
    pruned = prune(segment.module, segment.example(), 0.4).module
    assert all(each.requires_grad for each in pruned.parameters())
    assert not any(each.requires_grad for each in segment.module.parameters())


def test_a_piece_without_free_widths_is_refused() -> None:
    stem = extract(make(networks.TinyResNet), *IMAGE)["stem"]
    with pytest.raises(ModelError, match="no width in this piece can change") as caught:
        prune(stem.module, stem.example(), 0.5)
    assert caught.value.remedy
