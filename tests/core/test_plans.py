"""Plans are values: equal by content, and never changed once made."""

from __future__ import annotations

import dataclasses
import math

import pytest

from kenning_lego.core.plans import Plan, PlanItem, TargetDescription
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import RunPlan


def test_plans_of_equal_content_are_equal() -> None:
    assert Plan((PlanItem("a", ("0" * 64,)),)) == Plan((PlanItem("a", ("0" * 64,)),))
    assert Plan((PlanItem("a", ("0" * 64,)),)) != Plan((PlanItem("a", ("0" * 64,), 1),))


def test_plan_cannot_be_changed_after_it_was_sent() -> None:
    plan = Plan((PlanItem("a", ("0" * 64,)),))
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.seed = 3  # type: ignore[misc]


def test_default_plan_is_one_that_a_target_accepts_and_that_ends() -> None:
    plan = Plan((PlanItem("a", ("0" * 64,)),))
    assert plan.min_rounds <= plan.max_rounds
    assert math.isfinite(plan.max_seconds)
    assert RunPlan.from_body(Fields(dict(RunPlan(plan).to_body()), "PLAN")).plan == plan


def test_descriptions_do_not_share_their_defaults() -> None:
    assert TargetDescription().facts is not TargetDescription().facts
