"""A chain and its variants made ready to be run again and again: folded, and in bfloat16.

Copies are made; what is given stays as it is. Normalisation layers are folded into the
convolutions before them. In bfloat16, tensors lie channels last, and what computes the network's
outputs from the last block's stays in float32, since scores close to each other would be rounded
to ties.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.variants.variants import BlockVariant, Variants
from kenning_lego.core.errors import ModelError

Precision = Literal["auto", "float32", "bfloat16"]

_WORTHWHILE = 0.8
"""bfloat16 must take less than this share of float32's time."""
_TOLERANCE = 0.03
"""Root mean square error of outputs in bfloat16, as a share of their spread, at most."""
_TRIED = 64
"""Images to try bfloat16 with."""
_TRIALS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A chain that is ready to be run.

    Args:
        chain: of folded modules.
        variants: the same stand-ins as were given, under the same names, with folded modules.
        precision: of the computation.
        deviation: root mean square error of the outputs against float32 on the example, as a
            share of their spread; 0 for float32 itself.
    """

    chain: Chain
    variants: Variants
    precision: Literal["float32", "bfloat16"]
    deviation: float = 0.0

    def compose(self, chosen: Mapping[str, BlockVariant]) -> Chain:
        """The chain with these variants in their blocks."""
        return self.chain.replace({name: each.module for name, each in chosen.items()})

    def tensor(self, images: NDArray[np.float32]) -> torch.Tensor:
        """The network's input for these images."""
        # A copy, since torch warns of arrays that it could not write to.
        batch = torch.tensor(images)
        if self.precision == "bfloat16":
            batch = batch.to(torch.bfloat16)
            if batch.ndim == 4:
                batch = batch.contiguous(memory_format=torch.channels_last)
        return batch


def prepare(
    chain: Chain,
    variants: Variants,
    images: NDArray[np.float32],
    size: int,
    precision: Precision = "auto",
) -> Prepared:
    """Make copies that compute the same faster.

    Args:
        chain: the network, with one input and one output.
        variants: stand-ins by segment name, for every segment the original first.
        images: the first of them are used to try bfloat16: ``auto`` takes it where it is faster
            on this machine and the outputs stay close.
        size: images in a batch.
        precision: ``float32`` or ``bfloat16`` to decide it beforehand.

    Raises:
        ModelError: bfloat16 is asked for, and the network does not run in it.
    """
    exact = _prepared(chain, variants, "float32")
    if precision == "float32":
        return exact
    try:
        fast = _prepared(chain, variants, "bfloat16")
        seconds, outputs = _try(exact, images[:_TRIED], size)
        fast_seconds, fast_outputs = _try(fast, images[:_TRIED], size)
    except FOREIGN_ERRORS as error:
        if precision == "bfloat16":
            raise ModelError(
                f"the network does not run in bfloat16: {error}", "profile it in float32"
            ) from error
        return exact
    deviation = _deviation(fast_outputs, outputs)
    good = fast_seconds < _WORTHWHILE * seconds and deviation <= _TOLERANCE
    return replace(fast, deviation=deviation) if good or precision == "bfloat16" else exact


@torch.inference_mode()
def _try(
    prepared: Prepared, images: NDArray[np.float32], size: int
) -> tuple[float, NDArray[np.float32]]:
    """Seconds and outputs of the original and of the smallest network."""
    total, outputs = 0.0, []
    for place in (0, -1):
        setting = prepared.compose({name: some[place] for name, some in prepared.variants.items()})
        for start in range(0, len(images), size):
            batch = prepared.tensor(images[start : start + size])
            seconds = []
            for _ in range(_TRIALS):
                begin = time.perf_counter()
                output = setting.run(batch)[0]
                seconds.append(time.perf_counter() - begin)
            total += min(seconds)
            outputs.append(output.float().numpy())
    return total, np.concatenate(outputs)


def _deviation(outputs: NDArray[np.float32], exact: NDArray[np.float32]) -> float:
    spread = float(np.linalg.norm(exact - exact.mean(axis=0)))
    return float(np.linalg.norm(outputs - exact)) / (spread or 1.0)


def _prepared(
    chain: Chain, variants: Variants, precision: Literal["float32", "bfloat16"]
) -> Prepared:
    ready = {
        segment.name: tuple(
            replace(each, module=_ready(each.module, segment, chain, precision))
            for each in variants[segment.name]
        )
        for segment in chain
    }
    modules = {name: several[0].module for name, several in ready.items()}
    return Prepared(chain.replace(modules), ready, precision)


def _ready(
    module: fx.GraphModule, segment: Segment, chain: Chain, precision: str
) -> fx.GraphModule:
    own = folded(module)
    if precision == "float32":
        return own
    if not segment.scalable and set(segment.outputs) & set(chain.outputs):
        return _widening(own)
    own.to(torch.bfloat16)
    if len(chain.inputs[0].shape) == 4:
        own.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return own


def folded(module: fx.GraphModule) -> fx.GraphModule:
    """A copy in evaluation mode, its batch normalisation folded into the layers before it."""
    own = copy.deepcopy(module).eval()
    modules = dict(own.named_modules())
    calls = [str(node.target) for node in own.graph.nodes if node.op == "call_module"]
    for node in list(own.graph.nodes):
        source = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(source, fx.Node) or source.op != "call_module" or len(source.users) > 1:
            continue
        names = str(source.target), str(node.target)
        fused = _fused(modules[names[0]], modules[names[1]])
        if fused is None or calls.count(names[0]) > 1:
            continue
        own.set_submodule(names[0], fused)
        modules[names[0]] = fused
        node.replace_all_uses_with(source)
        own.graph.erase_node(node)
    own.delete_all_unused_submodules()
    own.recompile()
    return own


def _fused(layer: nn.Module, norm: nn.Module) -> nn.Module | None:
    if not isinstance(norm, nn.modules.batchnorm._BatchNorm) or norm.running_mean is None:
        return None
    if type(layer) is nn.Linear:
        return fuse_linear_bn_eval(layer, norm)
    if type(layer) in (nn.Conv1d, nn.Conv2d, nn.Conv3d):
        return fuse_conv_bn_eval(layer, norm)  # type: ignore[type-var]
    return None


def _widening(module: fx.GraphModule) -> fx.GraphModule:
    """The module with its inputs of floats converted to float32 first."""
    nodes = [node for node in module.graph.nodes if node.op == "placeholder"]
    for node in nodes:
        with module.graph.inserting_after(nodes[-1]):
            wide = module.graph.call_function(_to_float32, (node,))
        node.replace_all_uses_with(wide, delete_user_cb=lambda user, wide=wide: user is not wide)
    module.recompile()
    return module


def _to_float32(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
