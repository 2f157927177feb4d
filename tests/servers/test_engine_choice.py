"""What hosts choose about engines, over real sockets: options, several engines, delegates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.deployments import Deployment
from kenning_lego.core.engines import Engine, stage_of
from kenning_lego.core.errors import KenningLegoError, RemoteError
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.frame_sources import RandomFrames
from kenning_lego.core.loads import LoadPlan
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.core.target import Target
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import Artifact, ServerProcess, running_server, scale_artifact

pytestmark = pytest.mark.target

ENGINE = "onnxruntime"
NO_ARENA = {"arena": False}
ROW = np.ones(8, np.float32).tobytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(
        tmp_path_factory.mktemp("server"), "--delegate", "edgetpu=libnothing.so.1"
    ) as running:
        yield running


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    return scale_artifact(tmp_path, 2.0)


@pytest.fixture(params=["server", "in-process"])
def target(
    request: pytest.FixtureRequest, server: ServerProcess, artifact: Artifact, tmp_path: Path
) -> Iterator[Target]:
    """Holds the artifact."""
    with (
        connect(server.address)
        if request.param == "server"
        else LocalTarget(ArtifactStore(tmp_path / "own"))
    ) as opened:
        opened.upload(artifact.path, artifact.digest)
        yield opened


def test_options_reach_the_engine_and_are_told(target: Target, artifact: Artifact) -> None:
    target.compose([artifact.digest], runtime=ENGINE, options=NO_ARENA)
    assert target.statistics().used["arena"] == "none"
    target.compose([artifact.digest], runtime=ENGINE)
    assert "arena" not in target.statistics().used


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"speed": "high"}, "speed.*choose one of.*provider|'speed'.*provider"),
        ({"arena": "no"}, "option 'arena' is 'no'.*true or false"),
        ({"provider": "warp"}, "'warp'"),
        ({"provider": "tensorrt"}, "installed without the provider tensorrt.*onnxruntime-gpu"),
        ({"affinity": (0, 1, 2)}, "3 processors for 1 threads"),
    ],
)
def test_wrong_options_are_refused_by_the_engine_with_the_remedy(
    target: Target, artifact: Artifact, options: dict[str, str], problem: str
) -> None:
    with pytest.raises(KenningLegoError, match=problem):
        target.compose([artifact.digest], runtime=ENGINE, options=options)
    target.compose([artifact.digest], runtime=ENGINE)  # nothing died of it


def test_one_artifact_is_timed_on_two_engines_in_one_plan(
    target: Target, artifact: Artifact
) -> None:
    on_second = stage_of(artifact.digest, 1)
    plan = Plan(
        (PlanItem("first", (artifact.digest,)), PlanItem("second", (on_second,))),
        runtime=ENGINE,
        engines=(Engine(ENGINE, NO_ARENA),),
        min_rounds=2,
        max_rounds=2,
    )
    target.measure(plan)
    statistics = target.statistics()
    assert {each.name for each in statistics.measurements} == {"first", "second"}
    assert statistics.used["engine"] == statistics.used["engine (1)"] == ENGINE
    assert "arena" not in statistics.used
    assert statistics.used["arena (1)"] == "none"


def test_engine_that_is_not_named_is_refused(target: Target, artifact: Artifact) -> None:
    with pytest.raises(KenningLegoError, match="further engine 2, and 1 are named"):
        target.compose([stage_of(artifact.digest, 2)], runtime=ENGINE, engines=[Engine()])


def test_running_pipeline_goes_over_to_another_engine(target: Target, artifact: Artifact) -> None:
    on_second = stage_of(artifact.digest, 1)
    target.compose([artifact.digest], runtime=ENGINE, engines=[Engine(ENGINE, NO_ARENA)])
    assert target.preload([on_second]).stages == (on_second,)
    assert target.switch([on_second]).prepared
    (output,), _ = target.infer([ROW])
    assert np.frombuffer(output, np.float32).tolist() == [2.0] * 8
    assert target.statistics().used["arena (1)"] == "none"


def test_chain_may_run_on_several_engines(target: Target, artifact: Artifact) -> None:
    second = scale_artifact(artifact.path.parent, 3.0, "y", "z")
    target.upload(second.path, second.digest)
    stages = [artifact.digest, stage_of(second.digest, 1)]
    target.compose(stages, runtime=ENGINE, engines=[Engine(ENGINE, NO_ARENA)])
    (output,), _ = target.infer([ROW])
    assert np.frombuffer(output, np.float32).tolist() == [6.0] * 8


def test_load_tests_and_footprints_take_engines(target: Target, artifact: Artifact) -> None:
    stages = (stage_of(artifact.digest, 1),)
    further = (Engine(ENGINE, NO_ARENA),)
    load = LoadPlan(stages, min_queries=3, max_queries=3, min_seconds=0, engines=further)
    assert len(target.load(load).latencies_ns) == 3
    assert target.statistics().used["arena"] == "none"  # of the only engine that ran
    assert target.footprint(FootprintPlan(stages, repeats=1, engines=further)).samples
    with pytest.raises(KenningLegoError, match="option 'arena' is 'no'"):
        target.footprint(FootprintPlan((artifact.digest,), repeats=1, options={"arena": "no"}))


def test_deployment_runs_variants_on_their_engines(
    server: ServerProcess, artifact: Artifact
) -> None:
    variants = tuple(
        OfferedVariant(name, artifact.digest, 0.0, 1.0, 100, engine=engine)
        for engine, name in enumerate(["shared", "alone"])
    )
    offer = Offer(
        (OfferedSegment("all", variants),), runtime=ENGINE, engines=(Engine(ENGINE, NO_ARENA),)
    )
    deployment = Deployment(
        "engines", offer, RandomFrames(), rate_fps=200.0, variants={"all": "alone"}
    )
    with connect(server.address) as target:
        target.upload(artifact.path, artifact.digest)
        target.deployments.deploy(deployment)
        try:
            (status,) = target.observe().deployments
            assert (status.variants, status.stages) == ({"all": "alone"}, (variants[1].stage,))
            target.deployments.force("engines", (variants[0].stage,))
            (status,) = target.observe().deployments
            assert status.variants == {"all": "shared"}
            told = [each.text for each in target.deployments.record("engines").events]
            assert any("all: alone" in text for text in told)
            assert any("all: shared" in text for text in told)
        finally:
            target.deployments.unload("engines")


def test_delegates_are_told_by_name_alone(server: ServerProcess) -> None:
    with connect(server.address) as target:
        description = target.describe()
    assert description.delegates == ("edgetpu",)
    assert "libnothing" not in repr(description)


@pytest.fixture
def litert(server: ServerProcess) -> Iterator[TargetClient]:
    with connect(server.address) as target:
        if "litert" not in target.describe().engines:
            pytest.skip("needs ai-edge-litert or tflite-runtime on the target")
        yield target


def test_delegate_that_cannot_be_loaded_says_so(litert: TargetClient, artifact: Artifact) -> None:
    litert.upload(artifact.path, artifact.digest)
    with pytest.raises(RemoteError, match="edgetpu"):
        litert.compose([artifact.digest], runtime="litert", options={"delegate": "edgetpu"})
    with pytest.raises(RemoteError, match=r"delegate 'other'.*edgetpu"):
        litert.compose([artifact.digest], runtime="litert", options={"delegate": "other"})
