"""An artifact is made once for all that it depends on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.once import compile_once
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.samples import samples_of
from kenning_lego.store.workspace import Workspace
from tests.compilers.sources import images, onnx_file, source_of


def test_artifact_is_found_until_something_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    source = source_of(None, onnx=onnx_file(), classifier=True)
    int8 = Onnx(precision="int8")

    def computed(config: Compiler = int8, key: str = "weights", **changes: object) -> bool:
        return compile_once(replace(source, **changes), key, config, workspace).computed  # type: ignore[arg-type]

    assert computed()
    assert not computed()
    other = samples_of(images(12, 7))
    assert computed(calibration=other)
    assert not computed(calibration=other)
    assert computed(validation=other)
    assert computed(key="other weights")
    assert computed(Onnx(precision="int8", per_channel=False))
    assert computed(Onnx(precision="int8", gap=GapConfig(min_cosine=0.5)))
    # What a compiler does not look at is not in the way.
    assert computed(Onnx())
    assert not computed(Onnx(), calibration=other)
    monkeypatch.setattr(Onnx, "versions", lambda self: {"onnxruntime": "99"})
    assert computed()


def test_record_says_how_the_artifact_was_made(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    config = Onnx(precision="int8")
    source = source_of(None, onnx=onnx_file(), classifier=True)
    record = compile_once(source, "weights", config, workspace).record
    assert record.size_bytes == len(workspace.artifacts.read(record.digest))
    assert (record.format, record.precision, record.compiler) == ("onnx", "int8", "onnxruntime")
    assert record.compiler_version == record.versions["onnxruntime"]
    assert Onnx.model_validate(record.options) == config
    assert record.gap_samples == 12
    assert record.gap_rmse is not None
    assert record.gap_cosine is not None
    assert 0 < record.gap_rmse <= record.gap_max_abs
    assert record.gap_cosine > 0.99
    assert record.gap_agreement is not None
    found = compile_once(source, "weights", config, workspace)
    assert (found.record, found.computed) == (record, False)
