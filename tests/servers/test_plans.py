"""Plans on a real server: their reference, parts, inputs and conditions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Conditions, Plan, PlanItem
from kenning_lego.protocols.client import TargetClient, connect
from tests.targets import Artifact, running_server, scale_artifact

ROUNDS = 5


@pytest.fixture
def target(tmp_path: Path) -> Iterator[TargetClient]:
    with running_server(tmp_path) as server, connect(server.address) as client:
        yield client


def chain(target: TargetClient, directory: Path) -> list[Artifact]:
    """Two alternatives of a first block and one second block, on the target."""
    made = [
        scale_artifact(directory, 2.0, "x", "h"),
        scale_artifact(directory, 3.0, "x", "h"),
        scale_artifact(directory, 5.0, "h", "y"),
    ]
    for artifact in made:
        target.upload(artifact.path, artifact.digest)
    return made


def plan_of(artifacts: list[Artifact], **how: object) -> Plan:
    items = tuple(
        PlanItem(name, (artifact.digest,), position)
        for name, artifact, position in zip(
            ("double", "triple", "last"), artifacts, (0, 0, 1), strict=True
        )
    )
    return Plan(items, warmup_rounds=0, min_rounds=ROUNDS, max_rounds=ROUNDS, **how)  # type: ignore[arg-type]


def test_reference_is_sampled_once_a_pass(target: TargetClient, tmp_path: Path) -> None:
    target.measure(plan_of(chain(target, tmp_path), reference="last"))
    statistics = target.statistics()
    (log,) = statistics.plans
    assert (len(log.reference_ns), log.per_round) == (2 * ROUNDS, 2)
    assert len(log.round_ends_ns) == ROUNDS
    assert list(log.round_ends_ns) == sorted(log.round_ends_ns)
    per_round = {each.name: each.per_round for each in statistics.measurements}
    assert per_round == {"double": 1, "triple": 1, "last": 2}


def test_artifacts_beyond_the_memory_are_timed_in_parts(
    target: TargetClient, tmp_path: Path
) -> None:
    artifacts = chain(target, tmp_path)
    two = sum(each.path.stat().st_size for each in artifacts[1:])
    target.measure(plan_of(artifacts, reference="last", memory_bytes=two))
    statistics = target.statistics()
    cohorts = {each.name: each.cohort for each in statistics.measurements}
    assert cohorts == {"double": 0, "triple": 1, "last": 0}
    assert [(log.plan, log.cohort) for log in statistics.plans] == [(0, 0), (0, 1)]
    assert all(log.reference_ns for log in statistics.plans)
    assert {len(each.samples_ns) for each in statistics.measurements} == {ROUNDS}


def test_inputs_come_from_held_files(target: TargetClient, tmp_path: Path) -> None:
    artifacts = chain(target, tmp_path)
    content = np.arange(8, dtype=np.float32).tobytes()
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    target.upload(path, digest)
    target.measure(plan_of(artifacts, inputs={"x": digest}))
    assert len(target.statistics().measurements) == 3
    with pytest.raises(RemoteError, match="inputs for 'z', which no artifact takes"):
        target.measure(plan_of(artifacts, inputs={"z": digest}))
    short = tmp_path / "short.bin"
    short.write_bytes(content[:8])
    digest = hashlib.sha256(content[:8]).hexdigest()
    target.upload(short, digest)
    with pytest.raises(RemoteError, match="inputs of 8 bytes for 'x', which has 32"):
        target.measure(plan_of(artifacts, inputs={"x": digest}))


def test_a_second_plan_keeps_the_firsts_samples_apart(target: TargetClient, tmp_path: Path) -> None:
    artifacts = chain(target, tmp_path)
    target.measure(plan_of(artifacts))
    target.measure(Plan((PlanItem("again", (artifacts[0].digest,)),), max_rounds=3, min_rounds=3))
    statistics = target.statistics()
    assert {each.name: each.plan for each in statistics.measurements} == {
        "double": 0,
        "triple": 0,
        "last": 0,
        "again": 1,
    }
    assert [log.plan for log in statistics.plans] == [0, 1]


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"reference": "nobody"}, "reference 'nobody' is none of its items"),
        ({"conditions": Conditions(cpus=(4000,))}, "processor 4000 is not one"),
    ],
)
def test_plan_that_cannot_be_run_is_refused(
    target: TargetClient, tmp_path: Path, how: dict[str, object], problem: str
) -> None:
    artifacts = chain(target, tmp_path)
    with pytest.raises(RemoteError, match=problem):
        target.measure(plan_of(artifacts, **how))
    target.measure(plan_of(artifacts))
