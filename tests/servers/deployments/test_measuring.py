"""Measuring on a target whose deployments run: refused, unless asked for, and then recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import RemoteError
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import LoadPlan
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import connect
from tests.servers.deployments.pipelines import offer_of, scales, upload
from tests.targets import running_server

pytestmark = pytest.mark.target


def test_measuring_beside_deployments_is_refused_unless_asked_and_then_recorded(
    tmp_path: Path,
) -> None:
    made = scales(tmp_path, [(2,)])
    digest = made[0][0].digest
    plan = Plan((PlanItem("a", (digest,)),), min_rounds=2, max_rounds=2, warmup_rounds=0)
    load = LoadPlan((digest,), min_queries=2, max_queries=2, min_seconds=0.0)
    footprint = FootprintPlan((digest,), repeats=1)
    with running_server(tmp_path) as server, connect(server.address) as target:
        upload(target, made)
        target.measure(plan)
        assert target.statistics().deployments == ()
        for name in ("two", "one"):
            target.deployments.deploy(Deployment(name, offer_of(made), rate_fps=50))
        for refused in (
            lambda: target.measure(plan),
            lambda: target.load(load),
            lambda: target.footprint(footprint),
        ):
            with pytest.raises(RemoteError, match="beside one, two") as error:
                refused()
            assert error.value.code == "deployments"
        plan, load, footprint = (
            Plan(plan.items, max_rounds=2, min_rounds=2, beside_deployments=True),
            LoadPlan((digest,), min_queries=2, min_seconds=0.0, beside_deployments=True),
            FootprintPlan((digest,), repeats=1, beside_deployments=True),
        )
        target.measure(plan)
        assert target.statistics().deployments == ("one", "two")
        target.deployments.unload("two")
        assert target.load(load).deployments == ("one",)
        target.deployments.unload("one")
        assert target.footprint(footprint).deployments == ()
        assert target.statistics().deployments == ("one", "two")
