"""A bound call keeps the arrays that it reads and writes, whoever else lets go of them."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import installed_engines, make_runtime
from tests.runtimes.tflite_files import product
from tests.targets import scale_artifact


def artifact(engine: str, directory: Path) -> bytes:
    if engine == "litert":
        return product()
    if engine != "torch":
        return scale_artifact(directory, 2.0).path.read_bytes()
    torch = pytest.importorskip("torch")
    path = directory / "doubled.pt2"
    program = torch.export.export(torch.nn.Linear(4, 4).eval(), (torch.ones(1, 4),))
    torch.export.save(program, path)
    return path.read_bytes()


@pytest.mark.parametrize("engine", ["onnxruntime", "litert", "openvino", "torch"])
def test_arrays_live_as_long_as_the_call(engine: str, tmp_path: Path) -> None:
    if engine not in installed_engines():
        pytest.skip(f"needs {engine}")
    program = make_runtime(engine, 1).load(artifact(engine, tmp_path), 1)
    arrays = allocate(program.spec)
    alive = [weakref.ref(array) for array in arrays.values()]
    call = program.bind(arrays)
    del arrays
    gc.collect()
    assert all(each() is not None for each in alive)
    call()
    del call, program
    gc.collect()
    assert not any(each() is not None for each in alive)
