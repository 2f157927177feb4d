from __future__ import annotations

import copy
from collections.abc import Sequence
from importlib.metadata import EntryPoint, EntryPoints

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.configuration import BlocksConfig, LowRankConfig, PrunedConfig
from kenning_lego.blocks.cost import Cost, cost
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.makers import lookup
from kenning_lego.blocks.variants.makers.base import Data, Draft, VariantMaker, distinct
from kenning_lego.blocks.variants.makers.depth import DepthMaker
from kenning_lego.blocks.variants.makers.low_rank import LowRankMaker
from kenning_lego.blocks.variants.makers.pruned import PrunedMaker
from kenning_lego.blocks.variants.variants import BlockVariant, make_variants
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import ConfigurationError, ModelError, UnknownNameError
from kenning_lego.core.flags import parse_configuration
from tests.blocks import networks
from tests.blocks.test_extract import IMAGE, NETWORKS, make

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
ALL = (PrunedMaker(), LowRankMaker(), DepthMaker())


def stages() -> Chain:
    """Two residual units in a block."""
    return extract(make(networks.TinyResNet), *IMAGE, count=4)


def relative(first: Tensor, second: Tensor) -> float:
    return float((first - second).norm() / second.norm())


@pytest.mark.parametrize(("network", "inputs", "blocks"), NETWORKS.values(), ids=NETWORKS)
def test_variants_of_all_kinds_run_in_the_chain_in_any_mixture(
    network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
) -> None:
    chain = extract(make(network), inputs)
    before = chain.run(inputs)
    variants = make_variants(chain, RATIOS, ALL)
    for chosen in zip(*(_cycled(several) for several in variants.values()), strict=True):
        mixed = chain.replace({each.block: each.module for each in chosen}).run(inputs)
        assert [each.shape for each in mixed] == [each.shape for each in before]
        assert all(each.isfinite().all() for each in mixed)
    assert all(map(torch.equal, chain.run(inputs), before)), "the originals changed"


def _cycled(several: Sequence[BlockVariant]) -> list[BlockVariant]:
    return [several[place % len(several)] for place in range(8)]


@pytest.mark.parametrize("maker", ALL, ids=lambda each: each.kind)
def test_variants_are_different_say_what_they_cost_and_share_no_memory(
    maker: VariantMaker,
) -> None:
    chain = stages()
    for block, (original, *made) in make_variants(chain, RATIOS, (maker,)).items():
        taken = {each.data_ptr() for each in original.module.state_dict().values()}
        for each in made:
            assert each.name == f"{block}@{maker.kind}-{each.ratio:.2f}"
            assert each.cost == cost(each.module, chain[block].example())
            assert each.ratio_reached == pytest.approx(1 - each.flops / original.flops)
            assert each.least_share is not None
            assert 1 - each.ratio_reached >= each.least_share - 1e-9
            assert all(parameter.requires_grad for parameter in each.module.parameters())
            own = {tensor.data_ptr() for tensor in each.module.state_dict().values()}
            assert not own & taken
            taken |= own
        assert len({(each.flops, each.parameters) for each in made}) == len(made)


@pytest.mark.parametrize("maker", ALL, ids=lambda each: each.kind)
def test_made_again_a_saved_state_fits(maker: VariantMaker) -> None:
    first = make_variants(stages(), RATIOS, (maker,))["layer2"]
    again = make_variants(stages(), RATIOS, (maker,))["layer2"]
    assert len(first) > 1
    for one, other in zip(first, again, strict=True):
        assert one.module.code == other.module.code
        other.module.load_state_dict(one.module.state_dict())


def test_makers_mix_and_variants_are_in_the_order_of_their_ratios() -> None:
    variants = make_variants(stages(), (0.0, 0.4, 0.6), ALL)
    assert [each.name for each in variants["layer2"]] == [
        "layer2@original",
        "layer2@low_rank-0.40",
        "layer2@pruned-0.40",
        "layer2@depth-0.60",
        "layer2@low_rank-0.60",
        "layer2@pruned-0.60",
    ]


def test_low_rank_comes_near_the_original_where_its_weights_are_of_low_rank() -> None:
    model = make(networks.TinyResNet)
    torch.manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            outer = torch.randn(layer.out_channels, 2) @ torch.randn(2, layer.in_channels)
            with torch.no_grad():
                layer.weight.copy_(outer[..., None, None] * torch.randn(3, 1) * torch.randn(3))
    chain = extract(model, *IMAGE)
    (expected,) = chain.run(*IMAGE)
    variants = make_variants(chain, RATIOS, (LowRankMaker(LowRankConfig(rank_multiple=2)),))
    modules = {name: several[2].module for name, several in variants.items() if len(several) > 1}
    assert len(modules) == 8
    assert relative(chain.replace(modules).run(*IMAGE)[0], expected) < 1e-3


def test_low_rank_meets_its_ratios() -> None:
    for _, *made in make_variants(stages(), RATIOS, (LowRankMaker(),)).values():
        for each in made:
            assert each.ratio_reached == pytest.approx(each.ratio, abs=0.03)


def test_depth_leaves_out_the_last_residual_unit() -> None:
    chain = stages()
    (_, variant) = make_variants(chain, (0.0, 0.5), (DepthMaker(),))["layer2"]
    paths = {name.rsplit(".", 1)[0] for name in variant.module.state_dict()}
    assert any(path.startswith("layer2.0") for path in paths)
    assert not any(path.startswith("layer2.1") for path in paths)
    inputs = torch.randn(1, *chain["layer2"].inputs[0].sizes[1:])
    first = make(networks.TinyResNet).eval().get_submodule("layer2.0")
    with torch.no_grad():
        assert torch.equal(variant.module(inputs), first(inputs))  # a relu'd value is its own relu


def test_variants_of_all_kinds_become_artifacts() -> None:
    chain = stages()
    segment = chain["layer2"]
    example = tuple(torch.randn(each.shape) for each in segment.example())
    for variant in make_variants(chain, (0.0, 0.6), ALL)["layer2"]:
        source = CompileSource(variant.module, None, segment.inputs, segment.outputs, example)
        assert Onnx().compile(source).content


class TestPruned:
    def test_ratios_may_be_of_parameters(self) -> None:
        chain = stages()
        maker = PrunedMaker(PrunedConfig(measure="parameters"))
        for original, *made in make_variants(chain, RATIOS, (maker,)).values():
            for each in made:
                assert each.ratio_reached == 1 - each.parameters / original.parameters
                assert each.ratio_reached == pytest.approx(each.ratio, abs=0.03)

    def test_wide_layers_keep_to_multiples_where_that_costs_little(self) -> None:
        widths = {
            multiple: {
                layer.out_channels % 4
                for variant in make_variants(
                    extract(make(networks.TinyResNet), *IMAGE, count=4),
                    RATIOS,
                    (PrunedMaker(PrunedConfig(width_multiple=multiple, ratio_tolerance=0.25)),),
                )["layer2"]
                for layer in variant.module.modules()
                if isinstance(layer, nn.Conv2d)
            }
            for multiple in (1, 4)
        }
        assert widths[4] == {0}
        assert len(widths[1]) > 1

    def test_a_ratio_out_of_reach_leaves_one_variant_that_says_how_low_it_can(self) -> None:
        class Narrow(nn.Sequential):
            def __init__(self) -> None:
                super().__init__(
                    networks.conv(1, 8, 1), networks.conv(8, 8, 1), networks.conv(8, 32, 1)
                )

        chain = extract(make(Narrow), *IMAGE, count=1)
        _, *made = make_variants(chain, (0.0, 0.95, 0.97, 0.99))[chain.blocks[0].name]
        assert len(made) == 1
        assert made[0].ratio_reached < 0.95
        assert made[0].least_share == pytest.approx(1 - made[0].ratio_reached)

    def test_importance_by_data_needs_data(self) -> None:
        chain = stages()
        maker = PrunedMaker(PrunedConfig(importance="taylor"))
        with pytest.raises(ConfigurationError, match="by means of data") as caught:
            make_variants(chain, RATIOS, (maker,))
        assert caught.value.remedy
        assert make_variants(chain, RATIOS, (maker,), *IMAGE)


class Copy:
    """A user's maker."""

    kind = "copy"
    wants_data = True

    def make(
        self, block: Segment, original: Cost, ratios: Sequence[float], data: Data
    ) -> list[Draft]:
        assert all(len(batch) == len(block.inputs) for batch in data)
        return [Draft(0.01, 0.0, copy.deepcopy(block.module), original)]


class Fails(Copy):
    def make(
        self, block: Segment, original: Cost, ratios: Sequence[float], data: Data
    ) -> list[Draft]:
        raise ModelError("it is too tight", "loosen it")


def nothing() -> int:
    return 1


class TestLookup:
    def test_ours_are_found_with_their_settings(self) -> None:
        config = BlocksConfig(
            variants=("low_rank", "pruned", "depth"), pruned=PrunedConfig(importance="l1")
        )
        low_rank, pruned, depth = lookup.find_makers(config)
        assert (low_rank.kind, pruned.kind, depth.kind) == ("low_rank", "pruned", "depth")
        assert isinstance(pruned, PrunedMaker)
        assert pruned.config.importance == "l1"

    def test_a_maker_of_the_users_own_is_found_by_its_path(self) -> None:
        makers = lookup.find_makers(BlocksConfig(variants=(f"{__name__}:Copy",)))
        variants = make_variants(stages(), (0.0, 0.5), makers, *IMAGE)
        assert [each.name for each in variants["layer2"]] == ["layer2@original", "layer2@copy-0.01"]

    def test_an_installed_package_brings_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        point = EntryPoint("copied", f"{__name__}:Copy", lookup.GROUP)
        monkeypatch.setattr(lookup, "entry_points", lambda group: EntryPoints([point]))
        (maker,) = lookup.find_makers(BlocksConfig(variants=("copied",)))
        assert maker.kind == "copy"

    @pytest.mark.parametrize(
        ("name", "problem"),
        [
            ("prunned", "did you mean 'pruned'"),
            ("no.such:thing", "no module named"),
            (f"{__name__}:NoSuch", "NoSuch"),
            (f"{__name__}:nothing", "has no 'kind'"),
            (f"{__name__}:relative", "missing 2 required"),
        ],
    )
    def test_what_is_not_there_is_named(self, name: str, problem: str) -> None:
        with pytest.raises((UnknownNameError, ConfigurationError)) as caught:
            lookup.find_makers(BlocksConfig(variants=(name,)))
        assert problem.lower() in str(caught.value).lower()

    @pytest.mark.parametrize("names", [(), ("pruned", "depth", "pruned")])
    def test_none_or_one_twice_is_refused(self, names: tuple[str, ...]) -> None:
        with pytest.raises(ValidationError, match="maker"):
            BlocksConfig(variants=names)

    def test_settings_are_flags(self) -> None:
        arguments = ["--variants", "pruned", "depth", "--pruned.importance", "bn_scale"]
        config = parse_configuration(BlocksConfig, arguments, program="test", description="")
        assert config.variants == ("pruned", "depth")
        assert config.pruned.importance == "bn_scale"


def test_a_maker_that_fails_names_the_block() -> None:
    with pytest.raises(ModelError, match=r"block layer1\.0: it is too tight") as caught:
        make_variants(stages(), RATIOS, (Fails(),), *IMAGE)
    assert caught.value.remedy == "loosen it"


def test_two_makers_of_one_kind_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="the same names"):
        make_variants(stages(), RATIOS, (PrunedMaker(), PrunedMaker()))


def test_equal_plans_keep_the_ratio_that_they_meet_best() -> None:
    plans = [(0.2, 0.0, 0), (0.4, 0.5, 1), (0.6, 0.5, 1), (0.55, 0.5, 1), (0.8, 0.7, 2)]
    assert distinct(plans, 0) == [(0.55, 1), (0.8, 2)]
