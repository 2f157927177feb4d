"""What the benchmark of switching sees in the frames' outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.adaptation_switching import _Witness
from benchmarks.numbered import NumberedNetwork, frame, told
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.servers.live.pipeline import LivePipeline


def output(number: int, digits: int) -> bytes:
    return np.array([number, digits], np.int64).tobytes()


def test_outputs_tell_the_frame_and_the_variants_that_ran_it(tmp_path: Path) -> None:
    network = NumberedNetwork(tmp_path)
    contents = {each.digest: each.path.read_bytes() for each in network.artifacts}
    engine = make_runtime("onnxruntime", 1)
    live = LivePipeline(
        lambda digest: engine.load(contents[digest], 1),
        lambda digest: len(contents[digest]),
        network.stages((0, 3, 1, 4)),
    )
    source, result = (live.arrays[tensor.name] for tensor in live.spec)
    source[:] = np.frombuffer(frame(77), np.int64)
    live.frame()
    assert told(result.tobytes()) == (77, (0, 3, 1, 4))
    assert live.loaded_bytes == network.bytes


def test_witness_accepts_mixes_on_their_way_and_nothing_else() -> None:
    witness = _Witness((0, 0, 0, 0))
    witness.saw(0, output(0, 0))
    witness.wants((1, 2, 0, 0))
    for number, digits in enumerate((0, 1000, 1000, 1200), 1):
        witness.saw(number, output(number, digits))
    witness.arrived()
    witness.saw(5, output(5, 1200))
    assert (witness.frames, witness.lost, witness.mixed) == (6, 0, 0)


def test_witness_sees_what_is_lost_goes_back_or_never_came() -> None:
    witness = _Witness((0, 0, 0, 0))
    witness.saw(0, output(1, 0))
    assert witness.lost == 1
    witness.wants((1, 1, 0, 0))
    witness.saw(1, output(1, 1000))
    witness.saw(2, output(2, 100))  # the first block has gone back
    assert witness.mixed == 1
    witness.wants((2, 1, 0, 0))
    witness.arrived()
    witness.saw(3, output(3, 100))  # the old one after it was to be gone
    assert witness.mixed == 2
