from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from kenning_lego.blocks.accuracy.compositions import batch_size
from kenning_lego.blocks.accuracy.evaluation import folded, prepare
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.core.errors import ModelError
from tests.blocks import networks
from tests.blocks.test_extract import IMAGE, NETWORKS, make

IMAGES = np.random.default_rng(0).standard_normal((40, 1, 8, 8), dtype=np.float32)


def cut(network: type[nn.Module]) -> tuple[Chain, Variants]:
    chain = extract(make(network), *IMAGE)
    return chain, make_variants(chain, (0.0, 0.5))


@pytest.mark.parametrize(
    "network",
    [network for network, inputs, _ in NETWORKS.values() if len(inputs) == 1],
    ids=[name for name, (_, inputs, _) in NETWORKS.items() if len(inputs) == 1],
)
def test_what_is_prepared_computes_the_same(network: type[nn.Module]) -> None:
    chain, variants = cut(network)
    before = {name: copy.deepcopy(some[-1].module.state_dict()) for name, some in variants.items()}
    exact = prepare(chain, variants, IMAGES, 16, "float32")
    for place in (0, -1):
        modules = {name: some[place].module.eval() for name, some in variants.items()}
        ready = exact.compose({name: some[place] for name, some in exact.variants.items()})
        (wanted,) = chain.replace(modules).run(torch.from_numpy(IMAGES))
        (output,) = ready.run(exact.tensor(IMAGES))
        assert torch.allclose(output, wanted, rtol=1e-4, atol=1e-5)
    for name, state in before.items():  # and what was given is left alone
        now = variants[name][-1].module.state_dict()
        assert all(torch.equal(now[key], value) for key, value in state.items())


def test_normalisation_is_folded_only_into_layers_that_nobody_else_reads() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.norm = nn.BatchNorm2d(4)
            self.twice = nn.Conv2d(4, 4, 1)
            self.other = nn.BatchNorm2d(4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.conv(x)
            y = self.norm(y) + y  # both read the convolution
            result: torch.Tensor = self.other(self.twice(self.twice(y)))
            return result

    model = make(Shared).eval()
    module = torch.fx.symbolic_trace(model)
    (image,) = IMAGE
    with torch.no_grad():
        assert torch.equal(folded(module)(image), model(image))


def test_fewer_layers_are_left_when_normalisation_is_folded() -> None:
    _, variants = cut(networks.TinyResNet)
    block = variants["layer2.0"][0].module
    kinds = [type(each) for each in folded(block).modules()]
    assert nn.BatchNorm2d not in kinds
    assert kinds.count(nn.Conv2d) == 3


class WithFourier(nn.Module):
    """An operation that knows no bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.body = networks.PlainCnn()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.body(torch.fft.fft2(x).real)
        return y


def test_bfloat16_leaves_what_computes_the_scores_in_float32() -> None:
    chain, variants = cut(networks.TinyResNet)
    half = prepare(chain, variants, IMAGES, 16, "bfloat16")
    tensors = half.chain.tensors(half.tensor(IMAGES))
    types = {spec.name: tensors[spec.name].dtype for spec in (*chain.inputs, *chain.outputs)}
    assert list(types.values()) == [torch.bfloat16, torch.float32]
    before_last = tensors[chain.segments[-1].inputs[0].name]
    assert before_last.dtype == torch.bfloat16
    assert 0 < half.deviation < 0.2


def test_bfloat16_is_not_taken_where_outputs_do_not_stay_close(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain, variants = cut(networks.PlainCnn)
    monkeypatch.setattr("kenning_lego.blocks.accuracy.evaluation._TOLERANCE", 1e-6)
    assert prepare(chain, variants, IMAGES, 16, "auto").precision == "float32"


def test_bfloat16_that_cannot_be_is_refused_only_if_asked_for() -> None:
    chain, variants = cut(WithFourier)
    assert prepare(chain, variants, IMAGES, 16, "auto").precision == "float32"
    with pytest.raises(ModelError, match="does not run in bfloat16"):
        prepare(chain, variants, IMAGES, 16, "bfloat16")


def test_the_room_for_activations_sets_the_batch() -> None:
    chain, _ = cut(networks.PlainCnn)
    numbers = sum(
        int(np.prod(spec.sizes[1:]))
        for spec in [*chain.inputs, *(each for segment in chain for each in segment.outputs)]
    )
    assert batch_size(chain, 10.5 * numbers * 4 / 1e6) == 10
    assert batch_size(chain, 1e-9) == 1
    assert batch_size(chain, 1e9) == 512
    wider = replace(chain.inputs[0], shape=(7, *chain.inputs[0].shape[1:]))
    assert batch_size(replace(chain, inputs=(wider,)), 10.5 * numbers * 4 / 1e6) == 10
