"""A tested network as one TFLite file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

pytest.importorskip("litert_torch", reason="needs litert-torch")

from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.storage.networks import Findings, save_network
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.entry import run
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.records import BudgetRecord, ConfigurationRecord, RunRecord
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.scenarios.export import main
from kenning_lego.scenarios.tester.compiling import CompileData, compile_variants
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace
from tests.reports.records import resnet_record

IMAGE = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    """A network as a test leaves it, with a pruned variant of its block."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(128, 4),
    ).eval()
    root = tmp_path_factory.mktemp("workspace") / "w"
    workspace = Workspace(root)
    chain = extract(model, torch.tensor(IMAGE), count=1)
    variants = make_variants(chain, (0.0, 0.5))
    data = CompileData(None, IMAGE, classes=4)
    segments, _ = compile_variants(
        chain, variants, {}, {}, data, Onnx(), workspace, lambda *_: None
    )
    like = resnet_record()
    original = {each.name: each.variants[0].name for each in segments if each.scalable}
    record = RunRecord(
        **{
            **dict(like),
            "segments": tuple(segments),
            "measurements": (),
            "plans": (),
            "additivity": None,
            "accuracy": None,
            "whole": None,
            "configurations": (
                ConfigurationRecord(
                    name="original", budget=BudgetRecord(), feasible=True, variants=original
                ),
            ),
        }
    )
    save_network(
        workspace.network(record.network.name), record.network.name, chain, variants, Findings({})
    )
    write_json(workspace.new_run() / "record.json", record.model_dump(mode="json"))
    return model, root


def test_file_computes_what_the_network_does(
    network: tuple[nn.Module, Path], tmp_path: Path
) -> None:
    model, root = network
    path = tmp_path / "net.tflite"
    flags = ["--configuration", "original", "--format", "tflite", "--output", str(path)]
    assert run(main, [str(root), *flags]) == 0
    program = make_runtime("litert", 1).load(path.read_bytes(), 1)
    tensors = allocate(program.spec)
    tensors[program.spec.inputs[0].name][...] = IMAGE
    program.bind(tensors)()
    with torch.no_grad():
        expected = model(torch.from_numpy(IMAGE)).numpy()
    assert np.allclose(tensors[program.spec.outputs[0].name], expected, atol=1e-5)
    record = ExportRecord.model_validate_json(path.with_suffix(".json").read_text())
    assert record.artifact.format == "tflite"
    assert record.artifact.gap_max_abs < 1e-5


def test_blocks_of_another_network_are_refused(
    network: tuple[nn.Module, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, root = network
    (manifest,) = root.glob("networks/*/manifest.json")
    content = manifest.read_text()
    try:
        manifest.write_text("{}")
        flags = ["--configuration", "original", "--format", "tflite"]
        assert run(main, [str(root), *flags, "--output", str(tmp_path / "n.tflite")]) == 2
    finally:
        manifest.write_text(content)
    assert "make the network again" in capsys.readouterr().err
    assert not (tmp_path / "n.tflite").exists()
