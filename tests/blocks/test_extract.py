from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, fx, nn

from kenning_lego.blocks.capture.capture import capture
from kenning_lego.blocks.capture.inputs import bind
from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.prune import Prunable
from kenning_lego.core.errors import ModelError, UnknownNameError
from tests.blocks import networks

IMAGE = (torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(1)),)
FACTS = torch.rand(2, 6, generator=torch.Generator().manual_seed(2))

NETWORKS: dict[str, tuple[type[nn.Module], tuple[Tensor, ...], int]] = {
    "residual": (networks.TinyResNet, IMAGE, 8),
    "plain": (networks.PlainCnn, IMAGE, 2),
    "depthwise and SE": (networks.MobileNet, IMAGE, 2),
    "grouped": (networks.GroupedCnn, IMAGE, 2),
    "in-place": (networks.PreActivation, IMAGE, 1),
    "functional": (networks.Functional, IMAGE, 1),
    "skip": (networks.UNet, IMAGE, 3),
    "two inputs, two outputs": (networks.TwoHeads, (*IMAGE, FACTS), 3),
    "sizes": (networks.Sizes, IMAGE, 1),
    "untraceable part": (networks.Gated, IMAGE, 2),
}


def make(network: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    model = network()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.get_buffer("running_mean"), -1, 1)
            nn.init.uniform_(module.get_buffer("running_var"), 0.5, 2)
    return model


def outputs(model: nn.Module, inputs: tuple[Tensor, ...]) -> list[Tensor]:
    with torch.no_grad():
        return list(tensors_in(copy.deepcopy(model).eval()(*(each.clone() for each in inputs))))


def operations(chain: Chain) -> Counter[str]:
    return Counter(
        node.name
        for segment in chain
        for node in segment.module.graph.nodes
        if node.op in ("call_module", "call_function", "call_method")
    )


@pytest.mark.parametrize(("network", "inputs", "blocks"), NETWORKS.values(), ids=NETWORKS)
class TestEveryNetwork:
    def test_the_chain_computes_what_the_network_computes(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        model = make(network)
        chain = extract(model, inputs)
        for count in (1, 2, 5):
            batch = tuple(torch.randn(count, *each.shape[1:]) for each in inputs)
            computed = chain.run(batch)
            assert all(map(torch.equal, computed, outputs(model, batch)))
            assert len(computed) == len(chain.outputs) == len(outputs(model, batch))

    def test_the_network_is_cut_into_blocks_with_one_input_and_one_output(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        chain = extract(make(network), inputs)
        assert len(chain.blocks) == blocks
        assert all(len(each.inputs) == len(each.outputs) == 1 for each in chain.blocks)

    def test_every_operation_is_covered_exactly_once(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        model = make(network)
        captured = capture(model, bind(model, inputs))
        calls = {
            node.name
            for node in captured.order
            if node.op != "placeholder" and not captured.values[node].plain
        }
        covered = operations(extract(model, inputs))
        assert {name: covered[name] for name in calls} == dict.fromkeys(calls, 1)

    def test_the_users_network_stays_as_it_was(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        model = make(network)
        text, state, before = str(model), copy.deepcopy(model.state_dict()), outputs(model, inputs)
        given = [each.clone() for each in inputs]
        extract(model, inputs)
        assert str(model) == text
        assert model.training
        assert all(torch.equal(state[name], each) for name, each in model.state_dict().items())
        assert all(map(torch.equal, outputs(model, inputs), before))
        assert all(map(torch.equal, given, inputs))

    def test_cutting_twice_gives_the_same(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        model = make(network)
        first, second = extract(model, inputs), extract(model, inputs)
        assert str(first) == str(second)
        assert [each.module.code for each in first] == [each.module.code for each in second]

    def test_names_are_unique_and_wire_the_segments(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        chain = extract(make(network), inputs)
        names = [each.name for each in chain]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names)
        made = [spec.name for spec in chain.inputs]
        tensors = chain.tensors(inputs)
        for segment in chain:
            assert {spec.name for spec in segment.inputs} <= set(made)
            made += [spec.name for spec in segment.outputs]
            for spec in (*segment.inputs, *segment.outputs):
                assert tuple(tensors[spec.name].shape) == spec.shape
                assert spec.name.isidentifier()
        assert len(set(made)) == len(made)
        assert {spec.name for spec in chain.outputs} <= set(made)

    def test_parameters_are_all_there(
        self, network: type[nn.Module], inputs: tuple[Tensor, ...], blocks: int
    ) -> None:
        model = make(network)
        chain = extract(model, inputs)
        assert chain.parameters == sum(each.numel() for each in model.parameters())


def test_a_residual_network_becomes_its_units_between_stem_and_head() -> None:
    chain = extract(make(networks.TinyResNet), *IMAGE, count=8)
    units = [f"layer{stage}.{place}" for stage in range(1, 5) for place in range(2)]
    assert [each.name for each in chain] == ["stem", *units, "head"]
    assert [each.name for each in chain.blocks] == units
    # conv, norm, relu, conv, norm, shortcut's conv and norm, add, relu
    ops = [node.op for node in chain["layer2.0"].module.graph.nodes if node.op.startswith("call")]
    assert len(ops) == 9
    assert set(chain["layer1.0"].module.state_dict()) >= {"layer1.0.conv1.weight"}


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_fewer_blocks_can_be_asked_for(count: int) -> None:
    assert 4 <= len(extract(make(networks.TinyResNet), *IMAGE, count=count).blocks) <= count


def test_one_block_can_be_the_whole_network() -> None:
    chain = extract(make(networks.TinyResNet), *IMAGE, count=1)
    assert len(chain) == 1


def test_a_region_that_cannot_be_pruned_is_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    class AllButOne(Prunable):
        def __init__(self, module: fx.GraphModule, inputs: Sequence[Tensor]) -> None:
            if "layer2.0.conv1" in dict(module.named_modules()):
                raise ModelError("no")
            super().__init__(module, inputs)

    monkeypatch.setattr("kenning_lego.blocks.cutting.extract.Prunable", AllButOne)
    chain = extract(make(networks.TinyResNet), *IMAGE)
    assert len(chain.blocks) == 7
    assert not chain["layer2.0"].scalable


def test_normalisation_and_activation_belong_to_the_block_before_them() -> None:
    chain = extract(make(networks.PlainCnn), *IMAGE, count=2)
    first = list(chain.blocks[0].module.graph.nodes)[-2]
    assert isinstance(chain.blocks[0].module.get_submodule(str(first.target)), nn.ReLU)


def test_a_layer_of_a_class_outside_torch_nn_stays_a_layer() -> None:
    model = nn.Sequential(networks.OwnConv(1, 8, 3), nn.ReLU(), networks.OwnConv(8, 8, 3))
    chain = extract(model, *IMAGE)
    assert [node.op for node in chain.segments[0].module.graph.nodes].count("call_module") == 3


def test_a_part_that_cannot_be_traced_stays_whole() -> None:
    chain = extract(make(networks.Gated), *IMAGE)
    assert [each.scalable for each in chain] == [True, False, True]
    assert [each.name for each in chain] == ["front", "gate.0", "back"]


def test_the_chain_prints_as_a_table() -> None:
    text = str(extract(make(networks.TinyResNet), *IMAGE))
    assert "layer2.0  block" in text
    assert "layer1_1_out: float32[2, 16, 8, 8]" in text
    assert text.endswith("8 blocks, 213,178 parameters")


def test_a_segment_can_be_replaced_without_changing_the_chain() -> None:
    chain = extract(make(networks.TinyResNet), *IMAGE)
    other = copy.deepcopy(chain["layer1.0"].module)
    torch.nn.init.zeros_(other.get_parameter("layer1.0.bn2.weight"))
    changed = chain.replace({"layer1.0": other})
    assert changed["layer1.0"].module is other
    assert chain["layer1.0"].module is not other
    assert not torch.equal(changed.run(*IMAGE)[0], chain.run(*IMAGE)[0])
    assert len(list(changed)) == len(chain)


def test_resuming_at_a_segment_is_the_same_as_running_all() -> None:
    chain = extract(make(networks.UNet), *IMAGE)
    tensors = chain.tensors(*IMAGE)
    for segment in chain:
        resumed = chain.resume(tensors, segment.name)
        assert torch.equal(chain.results(resumed)[0], chain.run(*IMAGE)[0])


def test_unknown_segments_are_named() -> None:
    chain = extract(make(networks.PlainCnn), *IMAGE)
    with pytest.raises(UnknownNameError, match="unknown segment 'layer9'"):
        chain.replace({"layer9": chain.segments[0].module})


def test_a_wrong_number_of_inputs_is_refused() -> None:
    with pytest.raises(ModelError, match="has 1 inputs, 2 were given"):
        extract(make(networks.PlainCnn), *IMAGE).run([*IMAGE, *IMAGE])


class Random(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(networks.conv(1, 8), networks.conv(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.dropout(self.body(x), training=True)


class ReturnsText(networks.PlainCnn):
    def forward(self, input: Tensor) -> str:  # noqa: A002
        self[0](input)
        return "text"


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (nn.Sequential(networks.conv(1, 4), nn.ReLU()), "no block was found"),
        (networks.Gate(), "cannot be traced"),
        (networks.ChangedThroughView(), "does not compute what it computes itself"),
        (Random(), "does not compute what it computes itself"),
        (networks.conv(3, 4), "fails on a copy of itself with the example input"),
        (ReturnsText(), "does not return tensors"),
    ],
)
def test_networks_that_cannot_be_cut_are_refused_with_a_remedy(
    model: nn.Module, problem: str
) -> None:
    with pytest.raises(ModelError, match=problem) as caught:
        extract(model, *IMAGE)
    assert caught.value.remedy
