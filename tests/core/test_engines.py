"""Stages: an artifact and the engine that runs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.engines import (
    MAX_ENGINES,
    Engine,
    digest_of,
    digests_of,
    engine_for,
    engine_of,
    is_stage,
    stage_of,
)
from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.plans import Plan

DIGEST = "ab" * 32


@given(st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, MAX_ENGINES))
def test_stage_tells_its_artifact_and_engine(digest: str, engine: int) -> None:
    stage = stage_of(digest, engine)
    assert (digest_of(stage), engine_of(stage)) == (digest, engine)
    assert is_stage(stage)


@pytest.mark.parametrize("end", [":", ":0", ":01", ":17", ":-1", ":1 ", ":x", "1", "\n", ":1\n"])
def test_anything_else_is_no_stage(end: str) -> None:
    assert not is_stage(DIGEST + end)


def test_stages_of_one_artifact_name_it_once() -> None:
    other = "cd" * 32
    assert digests_of([stage_of(DIGEST, 1), other, DIGEST]) == (DIGEST, other)


def test_stages_find_their_engines() -> None:
    further = Engine("litert", {"delegate": "none"})
    plan = Plan((), runtime="onnxruntime", options={"arena": False}, engines=(further,))
    assert engine_for(plan, DIGEST) == Engine("onnxruntime", {"arena": False})
    assert engine_for(plan, stage_of(DIGEST, 1)) is further
    with pytest.raises(ProtocolError, match="further engine 2, and 1 are named"):
        engine_for(plan, stage_of(DIGEST, 2))
