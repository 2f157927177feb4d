"""Networks that were cut by our own tools give the same numbers however they were switched to."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.latency import stages_of
from kenning_lego.blocks.variants.variants import make_variants
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.runtimes.base import Program
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.scenarios.tester.adding_up import random_configurations
from kenning_lego.scenarios.tester.compiling import CompileData, compile_variants
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.store.workspace import Workspace
from tests.blocks.networks import UNet

IMAGE = np.random.default_rng(0).standard_normal((1, 1, 16, 16)).astype(np.float32)

Values = npt.NDArray[np.float32]


class Cut:
    """A network with skips over its borders, two variants of each block, and a fused form."""

    def __init__(self, directory: Path) -> None:
        torch.manual_seed(0)
        workspace = Workspace(directory)
        chain = extract(UNet(), torch.tensor(IMAGE), count=3)
        variants = make_variants(chain, (0.0, 0.5))
        config, data = Onnx(), CompileData(None, IMAGE, 2)
        segments, _ = compile_variants(
            chain, variants, {}, {}, data, config, workspace, lambda *_: None
        )
        self.configurations = [
            stages_of(segments, names) for names in random_configurations(segments, 8, 0).values()
        ]
        outputs = [each.name for each in chain.outputs]
        example = {chain.inputs[0].name: IMAGE}
        fused = fuse_once(self.configurations[0], outputs, example, config, workspace)
        self.fused = fused.record.digest
        self.store = workspace.artifacts
        self._engine = make_runtime("onnxruntime", 1)

    def load(self, digest: str) -> Program:
        return self._engine.load(self.store.read(digest), 1)

    def pipeline(self, stages: Sequence[str], memory_bytes: int | None = None) -> LivePipeline:
        return LivePipeline(self.load, self.store.size, stages, memory_bytes=memory_bytes)


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    return Cut(tmp_path_factory.mktemp("workspace") / "workspace")


def run(live: LivePipeline) -> Values:
    (source,), (result,) = live.spec.inputs, live.spec.outputs
    live.arrays[source.name][...] = IMAGE
    live.frame()
    return np.array(live.arrays[result.name])


def expected(cut: Cut) -> list[Values]:
    """What each configuration gives in a pipeline of its own."""
    return [run(cut.pipeline(stages)) for stages in cut.configurations]


def test_every_configuration_gives_what_it_gives_alone(cut: Cut) -> None:
    alone = expected(cut)
    live = cut.pipeline(cut.configurations[0])
    order = random.Random(0).choices(range(len(alone)), k=30)
    for number, index in enumerate(order):
        if number == 15:
            live.preloaded([digest for stages in cut.configurations for digest in stages])
        live.switch(cut.configurations[index])
        np.testing.assert_array_equal(run(live), alone[index])
    live.switch([cut.fused])
    np.testing.assert_allclose(run(live), alone[0], rtol=1e-3, atol=1e-5)
    live.switch(cut.configurations[1])
    np.testing.assert_array_equal(run(live), alone[1])
    live.close()


def test_values_are_right_while_configurations_change_behind_the_frames(cut: Cut) -> None:
    alone = {each.tobytes() for each in expected(cut)[:2]}
    first, second = cut.configurations[:2]
    live = cut.pipeline(first)
    stop = threading.Event()
    seen: set[bytes] = set()

    def frames() -> None:
        while not stop.is_set():
            seen.add(run(live).tobytes())

    running = threading.Thread(target=frames)
    running.start()
    for stages in [second, first] * 5:
        live.switch(stages)
    stop.set()
    running.join()
    live.close()
    assert seen <= alone


def test_memory_is_crossed_by_mixes_that_are_complete(cut: Cut) -> None:
    alone = expected(cut)
    sizes = [sum(cut.store.size(d) for d in set(stages)) for stages in cut.configurations]
    largest = max(cut.store.size(digest) for stages in cut.configurations for digest in stages)
    live = cut.pipeline(cut.configurations[0], max(sizes) + largest)
    for index in (3, 1, 5, 0, 7, 2):
        live.switch(cut.configurations[index])
        np.testing.assert_array_equal(run(live), alone[index])
        assert live.loaded_bytes == sizes[index]
    live.close()
