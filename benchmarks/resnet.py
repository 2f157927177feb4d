"""ResNet-18 for CIFAR, cut and pruned: the network that measuring is measured with.

Weights are random, since latency does not depend on their values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.latency import stages_of
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.records import SegmentRecord
from kenning_lego.models.lookup import load_model
from kenning_lego.protocols.client import TargetClient
from kenning_lego.scenarios.tester.compiling import CompileData, compile_variants
from kenning_lego.scenarios.tester.one_piece import compile_whole
from kenning_lego.store.workspace import Workspace

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Network:
    """A cut network with its artifacts in a workspace."""

    segments: Sequence[SegmentRecord]
    fused: str
    whole: str
    workspace: Workspace

    @property
    def digests(self) -> list[str]:
        """Of everything that a target needs."""
        variants = [v.artifact.digest for segment in self.segments for v in segment.variants]
        return [*dict.fromkeys(variants), self.fused, self.whole]

    def upload(self, client: TargetClient) -> None:
        """Put everything onto a target."""
        for digest in self.digests:
            client.upload(self.workspace.artifacts.path(digest), digest)


def make_network(directory: Path) -> Network:
    """Compile it into a workspace below `directory`, or find it there; some 30 s."""
    torch.manual_seed(0)
    workspace = Workspace(directory / "workspace")
    model = load_model("resnet18-cifar10")
    rng = np.random.default_rng(0)
    image = rng.standard_normal((1, 3, 32, 32)).astype(np.float32)
    chain: Chain = extract(model, torch.tensor(image))
    variants = make_variants(chain, RATIOS)
    config = Onnx()
    data = CompileData(None, image, classes=10)
    segments, _ = compile_variants(chain, variants, {}, {}, data, config, workspace, _ignore)
    outputs = [spec.name for spec in chain.outputs]
    example = {chain.inputs[0].name: image}
    fused = fuse_once(stages_of(segments, {}), outputs, example, config, workspace)
    whole = compile_whole(model, chain, data, config, workspace)
    return Network(segments, fused.record.digest, whole.artifact.digest, workspace)


def _ignore(_done: int, _total: int, _text: str) -> None:
    """Progress is not shown."""
