from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from kenning_lego.blocks.cost import cost
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.attention import remove_heads
from kenning_lego.blocks.variants.prune import Prunable
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import ModelError

TOKENS = (torch.rand(1, 5, 16, generator=torch.Generator().manual_seed(0)),)


class Encoder(nn.Module):
    """A layer of a vision transformer."""

    def __init__(self, *, batch_first: bool = True, bias: bool = True) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(16), nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=batch_first, bias=bias)
        self.mlp = nn.Sequential(nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm1(x)
        x = x + self.attention(y, y, value=y, need_weights=False)[0]
        added: Tensor = x + self.mlp(self.norm2(x))
        return added


class Packed(nn.Module):
    """Query, key and value from one layer, head by head in the last axis but one."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(16, 48), nn.Linear(16, 16, bias=False)
        self.norm: nn.Module = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, 4, width // 4).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        x = functional.scaled_dot_product_attention(self.norm(q), k, v, attn_mask=None)
        projected: Tensor = self.proj(x.transpose(1, 2).reshape(batch, tokens, width))
        return projected


class Apart(nn.Module):
    """A layer each; heads lie interleaved in the channels; a scale of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(16, 24), nn.Linear(16, 24), nn.Linear(16, 32)
        self.out = nn.Linear(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        shape = (x.size(0), x.size(1), -1, 4)
        q, k, v = (each(x).view(shape).movedim(3, 1) for each in (self.q, self.k, self.v))
        x = functional.scaled_dot_product_attention(q, k, v, scale=0.3)
        added: Tensor = self.out(x.permute(0, 2, 3, 1).flatten(2)) + 1
        return added


class Mixed(Packed):
    """What lies between is more than a view."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4)


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q, self.out = nn.Linear(16, 16), nn.Linear(16, 16)
        self.mask = nn.Parameter(torch.zeros(5, 5))

    def forward(self, x: Tensor) -> Tensor:
        q = self.q(x).unflatten(2, (4, 4)).transpose(1, 2)
        x = functional.scaled_dot_product_attention(q, q, q, attn_mask=self.mask)
        projected: Tensor = self.out(x.transpose(1, 2).flatten(2))
        return projected


WRITTEN: dict[str, tuple[type[nn.Module], Callable[[int], list[int]], str]] = {
    "packed": (Packed, lambda head: list(range(4 * head, 4 * head + 4)), "proj"),
    "apart": (Apart, lambda head: list(range(head, 32, 4)), "out"),
}


@pytest.mark.parametrize(("network", "columns", "back"), WRITTEN.values(), ids=WRITTEN)
@torch.no_grad()
def test_heads_are_found_where_the_attention_is_written_out(
    network: type[nn.Module], columns: Callable[[int], list[int]], back: str
) -> None:
    torch.manual_seed(0)
    narrower = fx.symbolic_trace(network().eval())
    silenced = copy.deepcopy(narrower)
    prunable = Prunable(narrower, TOKENS)
    (attention,) = prunable.attentions
    assert (attention.heads, prunable.groups) == (4, ())
    by_half = prunable.narrow([2]).cost.flops
    for head in (0, 2):
        silenced.get_parameter(f"{back}.weight")[:, columns(head)] = 0
    remove_heads(narrower, attention, [0, 2])
    narrower.recompile()
    inputs = torch.randn(3, 5, 16)
    assert torch.allclose(narrower(inputs), silenced(inputs), atol=1e-5)
    left = cost(narrower, TOKENS).flops
    assert left == by_half == cost(silenced, TOKENS).flops / 2


@pytest.mark.parametrize("network", [Mixed, Masked])
def test_attention_that_does_more_keeps_its_heads(network: type[nn.Module]) -> None:
    with pytest.raises(ModelError, match="no width in this piece can change"):
        Prunable(fx.symbolic_trace(network().eval()), TOKENS)


def traced(**arguments: bool) -> fx.GraphModule:
    torch.manual_seed(0)
    model = Encoder(**arguments)
    nn.init.normal_(model.norm1.bias)
    if model.attention.in_proj_bias is not None:
        nn.init.normal_(model.attention.in_proj_bias)
        nn.init.normal_(model.attention.out_proj.bias)
    return fx.symbolic_trace(model.eval())


@pytest.mark.parametrize("bias", [True, False])
@torch.no_grad()
def test_what_is_left_computes_what_the_layer_computes_with_silent_heads(bias: bool) -> None:
    narrower, silenced = traced(bias=bias), traced(bias=bias)
    silenced.get_parameter("attention.out_proj.weight")[:, 4:12] = 0
    (attention,) = Prunable(narrower, TOKENS).attentions
    remove_heads(narrower, attention, [1, 2])
    narrower.recompile()
    for batch in (1, 3):
        inputs = torch.randn(batch, 5, 16)
        assert torch.allclose(narrower(inputs), silenced(inputs), atol=1e-5)
    assert "attention" not in dict(narrower.named_children())


@pytest.mark.parametrize("ratio", [0.2, 0.4, 0.6, 0.8])
def test_ratios_are_met_by_heads_and_the_width_between(ratio: float) -> None:
    module = traced()
    prunable = Prunable(module, TOKENS)
    plan = prunable.plan(ratio)
    pruned = prunable.narrow(plan.removed)
    left = pruned.cost.share_of(cost(module, TOKENS), "flops")
    assert left == pytest.approx(1 - ratio, abs=0.03)
    assert left == pytest.approx(1 - plan.ratio)
    assert len(plan.removed) == len(prunable.groups) + len(prunable.attentions) == 2
    by_parameters = prunable.narrow(prunable.plan(ratio, "parameters").removed)
    share = by_parameters.cost.share_of(cost(module, TOKENS), "parameters")
    assert share == pytest.approx(1 - ratio, abs=0.03)


def test_layers_that_take_tokens_first_keep_their_heads() -> None:
    assert not Prunable(traced(batch_first=False), TOKENS).attentions


def test_a_transformer_is_cut_into_whole_layers_whose_variants_become_artifacts() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), Encoder(), Encoder(), nn.Linear(16, 4))
    inputs = torch.rand(1, 5, 8)
    chain = extract(model, inputs, count=2)
    variants = make_variants(chain, (0.0, 0.5))
    made = [several[1] for several in variants.values() if len(several) > 1]
    assert len(made) == 2
    for variant in made:
        segment = chain[variant.block]
        assert "scaled_dot_product_attention" in variant.module.code
        example = (torch.randn(1, 5, 16),)
        source = CompileSource(variant.module, None, segment.inputs, segment.outputs, example)
        Onnx().compile(source)
    chain.replace({each.block: each.module for each in made}).run(inputs)
