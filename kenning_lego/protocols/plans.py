"""A plan, and how it went, as msgpack values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kenning_lego.core.engines import Loading
from kenning_lego.core.plans import Conditions, Plan, PlanItem, PlanLog
from kenning_lego.protocols.fields import Fields

MAX_STAGES = 1024
MAX_PLAN_ITEMS = 16_384
MAX_ROUNDS = 1_000_000
MAX_CPUS = 4096
_MAX_INPUTS = 64
_WEEK_S = 7 * 86_400.0


def pack_plan(plan: Plan) -> dict[str, Any]:
    """All of a plan but what PLAN has under `load`."""
    body: dict[str, Any] = {
        "beside_deployments": plan.beside_deployments,
        "items": [
            {"name": i.name, "stages": list(i.stages), "position": i.position} for i in plan.items
        ],
        "reference": plan.reference,
        "inputs": dict(plan.inputs),
        "warmup_rounds": plan.warmup_rounds,
        "min_rounds": plan.min_rounds,
        "max_rounds": plan.max_rounds,
        "relative_half_width": plan.relative_half_width,
        "max_seconds": plan.max_seconds,
        "seed": plan.seed,
        "cpus": list(plan.conditions.cpus),
        "cool_max_s": plan.conditions.cool_max_s,
        "preheat_s": plan.conditions.preheat_s,
    }
    if plan.memory_bytes is not None:
        body["memory_bytes"] = plan.memory_bytes
    if plan.conditions.cool_below_c is not None:
        body["cool_below_c"] = plan.conditions.cool_below_c
    return body


def read_plan(fields: Fields, load: Loading) -> Plan:
    """Read what :func:`pack_plan` wrote, with what PLAN has under `load`."""
    return Plan(
        tuple(_item(each) for each in fields.maps("items", MAX_PLAN_ITEMS)),
        load.runtime,
        load.threads,
        load.batch,
        fields.text("reference", 256),
        fields.digest_map("inputs", _MAX_INPUTS),
        fields.integer("memory_bytes", 0, 2**53) if fields.has("memory_bytes") else None,
        fields.integer("warmup_rounds", 0, 100_000),
        fields.integer("min_rounds", 1, MAX_ROUNDS),
        fields.integer("max_rounds", 1, MAX_ROUNDS),
        fields.number("relative_half_width", 0.0, 1.0),
        fields.number("max_seconds", 0.0, _WEEK_S),
        fields.integer("seed", 0, 2**62),
        _conditions(fields),
        fields.flag("beside_deployments"),
        load.options,
        load.engines,
    )


def _item(fields: Fields) -> PlanItem:
    item = PlanItem(
        fields.text("name", 256),
        fields.stages("stages", MAX_STAGES),
        fields.integer("position", 0, MAX_PLAN_ITEMS),
    )
    fields.done()
    return item


def _conditions(fields: Fields) -> Conditions:
    return Conditions(
        fields.integers("cpus", 0, MAX_CPUS - 1, MAX_CPUS),
        fields.number("cool_below_c", -100.0, 300.0) if fields.has("cool_below_c") else None,
        fields.number("cool_max_s", 0.0, _WEEK_S),
        fields.number("preheat_s", 0.0, _WEEK_S),
    )


def pack_log(log: PlanLog) -> Mapping[str, Any]:
    """All of a log but its samples and times, which travel as payload frames."""
    head = asdict(log)
    head["references"] = len(head.pop("reference_ns"))
    head["rounds"] = len(head.pop("round_ends_ns"))
    return head


def read_log(
    fields: Fields, reference_ns: tuple[int, ...], round_ends_ns: tuple[int, ...]
) -> PlanLog:
    """Read what :func:`pack_log` wrote, with the contents of the payload frames."""
    fields.integer("references", len(reference_ns), len(reference_ns))
    fields.integer("rounds", len(round_ends_ns), len(round_ends_ns))
    log = PlanLog(
        plan=fields.integer("plan", 0, 2**31),
        cohort=fields.integer("cohort", 0, 2**31),
        stopped=fields.text("stopped", 64),
        warmup_rounds=fields.integer("warmup_rounds", 0, 2**31),
        warm=fields.flag("warm"),
        cooled_s=fields.number("cooled_s", 0.0, 1e9),
        reference_ns=reference_ns,
        per_round=fields.integer("per_round", 0, 2**31),
        round_ends_ns=round_ends_ns,
    )
    fields.done()
    return log
