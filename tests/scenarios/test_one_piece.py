"""Networks with tensors that several later segments use, fused from their segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.records import BudgetRecord, ConfigurationRecord, SegmentRecord
from kenning_lego.scenarios.tester.compiling import CompileData, compile_variants
from kenning_lego.scenarios.tester.one_piece import (
    compile_whole,
    fuse_configurations,
    in_one_piece,
)
from kenning_lego.store.workspace import Workspace
from tests.blocks.networks import UNet

IMAGE = np.random.default_rng(0).standard_normal((1, 1, 16, 16)).astype(np.float32)

DATA = CompileData(None, IMAGE, classes=2)


def ignore(_done: int, _total: int, _text: str) -> None:
    pass


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[UNet, Chain, list[SegmentRecord], Path]:
    """A U-Net in segments, with a pruned variant of each block, compiled."""
    torch.manual_seed(0)
    network = UNet().eval()
    chain = extract(network, torch.tensor(IMAGE), count=3)
    root = tmp_path_factory.mktemp("workspace") / "workspace"
    variants = make_variants(chain, (0.0, 0.5))
    segments, _ = compile_variants(chain, variants, {}, {}, DATA, Onnx(), Workspace(root), ignore)
    return network, chain, segments, root


def configuration(name: str, segments: list[SegmentRecord], index: int) -> ConfigurationRecord:
    return ConfigurationRecord(
        name=name,
        budget=BudgetRecord(),
        feasible=True,
        variants={each.name: each.variants[index].name for each in segments if each.scalable},
    )


def test_fused_network_with_skips_computes_what_torch_does(
    cut: tuple[UNet, Chain, list[SegmentRecord], Path],
) -> None:
    network, chain, segments, root = cut
    uses = [spec.name for segment in chain for spec in segment.inputs]
    assert any(uses.count(name) > 1 for name in uses)
    workspace = Workspace(root)
    chosen = [
        configuration("original", segments, 0),
        configuration("smallest", segments, 1),
        ConfigurationRecord(name="impossible", budget=BudgetRecord(), feasible=False),
    ]
    arguments = (chosen, segments, chain, IMAGE, {"": Onnx()}, workspace, ignore)
    fused = fuse_configurations(*arguments)
    assert (fused.made, fused.left_out) == (2, {})
    original, smallest, impossible = fused.configurations
    assert impossible == chosen[2]
    assert original.fused is not None
    assert smallest.fused is not None
    assert smallest.fused.size_bytes < original.fused.size_bytes
    session = ort.InferenceSession(
        workspace.artifacts.read(original.fused.digest), providers=["CPUExecutionProvider"]
    )
    assert [node.name for node in session.get_inputs()] == [chain.inputs[0].name]
    assert [node.name for node in session.get_outputs()] == [each.name for each in chain.outputs]
    with torch.no_grad():
        expected = network(torch.tensor(IMAGE)).numpy()
    found = session.run(None, {chain.inputs[0].name: IMAGE})[0]
    assert np.allclose(found, expected, atol=1e-4)
    # Another run finds them again.
    again = fuse_configurations(*arguments)
    assert (again.configurations, again.made) == (fused.configurations, 0)


def test_whole_network_takes_and_gives_the_chains_tensors(
    cut: tuple[UNet, Chain, list[SegmentRecord], Path],
) -> None:
    network, chain, _, root = cut
    workspace = Workspace(root)
    whole = compile_whole(network, chain, DATA, Onnx(), workspace)
    session = ort.InferenceSession(
        workspace.artifacts.read(whole.artifact.digest), providers=["CPUExecutionProvider"]
    )
    assert [node.name for node in session.get_inputs()] == [each.name for each in chain.inputs]
    assert [node.name for node in session.get_outputs()] == [each.name for each in chain.outputs]
    assert in_one_piece(whole, []) == {"whole": whole.artifact.digest}
    assert in_one_piece(None, []) == {}


def test_variants_are_quantised_on_what_their_block_takes(
    cut: tuple[UNet, Chain, list[SegmentRecord], Path], tmp_path: Path
) -> None:
    network, chain, _, _ = cut
    images = np.random.default_rng(1).standard_normal((8, 1, 16, 16)).astype(np.float32)
    data = CompileData(images[:4], images[4:], classes=2)
    int8 = Onnx(precision="int8")
    workspace = Workspace(tmp_path / "workspace")
    variants = make_variants(chain, (0.0,))
    segments, made = compile_variants(chain, variants, {}, {}, data, int8, workspace, ignore)
    artifacts = [each.variants[0].artifact for each in segments]
    assert made == len(chain)
    assert {each.precision for each in artifacts} == {"int8"}
    assert all(each.gap_samples == 4 for each in artifacts)
    assert all(each.gap_cosine is not None and each.gap_cosine > 0.99 for each in artifacts)
    # They run as a chain, and as one.
    whole = compile_whole(network, chain, data, int8, workspace)
    assert whole.artifact.gap_cosine is not None
    assert whole.artifact.gap_cosine > 0.98
    chosen = [configuration("original", segments, 0)]
    arguments = (chosen, segments, chain, IMAGE, {"": int8}, workspace, ignore)
    (fused,) = fuse_configurations(*arguments).configurations
    assert fused.fused is not None
