"""Tensors in memory that server and worker share."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import ITEM_BYTES, IOSpec, TensorSpec
from kenning_lego.servers.tensor_memory import ALIGNMENT, TensorMemory, create, layout

tensors = st.builds(
    TensorSpec,
    st.just("t"),
    st.lists(st.integers(1, 7), max_size=3).map(tuple),
    st.sampled_from(sorted(ITEM_BYTES)),
)
specs = st.builds(
    IOSpec, st.lists(tensors, max_size=4).map(tuple), st.lists(tensors, max_size=4).map(tuple)
)


@given(specs)
def test_tensors_are_aligned_and_do_not_overlap(spec: IOSpec) -> None:
    offsets, size = layout(spec)
    assert all(offset % ALIGNMENT == 0 for offset in offsets)
    ends = [offset + tensor.nbytes for offset, tensor in zip(offsets, spec, strict=True)]
    assert all(end <= begin for end, begin in zip(ends, [*offsets[1:], size], strict=False))
    assert size >= 1


@settings(max_examples=40)
@given(specs, st.data())
def test_inputs_written_here_are_read_there_and_outputs_back(
    spec: IOSpec, data: st.DataObject
) -> None:
    descriptor = create(spec)
    memory = TensorMemory(descriptor, spec)
    offsets, size = layout(spec)
    with mmap.mmap(descriptor, size) as worker:
        os.close(descriptor)
        inputs = [data.draw(st.binary(min_size=t.nbytes, max_size=t.nbytes)) for t in spec.inputs]
        memory.write_inputs(inputs)
        for offset, content in zip(offsets, inputs, strict=False):
            assert worker[offset : offset + len(content)] == content
        outputs = []
        for offset, tensor in zip(offsets[len(inputs) :], spec.outputs, strict=True):
            content = data.draw(st.binary(min_size=tensor.nbytes, max_size=tensor.nbytes))
            worker[offset : offset + len(content)] = content
            outputs.append(content)
        assert memory.read_outputs() == tuple(outputs)
        memory.close()


def test_outputs_are_copies_that_the_next_run_does_not_change() -> None:
    spec = IOSpec((), (TensorSpec("y", (4,), "uint8"),))
    descriptor = create(spec)
    memory = TensorMemory(descriptor, spec)
    with mmap.mmap(descriptor, layout(spec)[1]) as worker:
        os.close(descriptor)
        worker[:4] = b"1111"
        (first,) = memory.read_outputs()
        worker[:4] = b"2222"
        assert first == b"1111"
        assert memory.read_outputs() == (b"2222",)
        memory.close()


def test_memory_of_an_unbound_batch_is_refused() -> None:
    with pytest.raises(ProtocolError, match="not bound"):
        create(IOSpec((TensorSpec("x", ("N", 2)),), ()))


def test_nothing_stays_open() -> None:
    spec = IOSpec((TensorSpec("x", (2,)),), ())
    before = len(list(Path("/proc/self/fd").iterdir()))
    descriptor = create(spec)
    memory = TensorMemory(descriptor, spec)
    os.close(descriptor)
    memory.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
