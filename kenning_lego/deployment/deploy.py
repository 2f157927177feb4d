"""A deployment from beginning to end: look, decide, act, verify."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kenning_lego.deployment import host_keys
from kenning_lego.deployment.bundle import Bundle, load_bundle, make_core_bundle
from kenning_lego.deployment.carry_out import Deployment
from kenning_lego.deployment.facts import BoardFacts
from kenning_lego.deployment.ground import Ground, check_bundle, find_ground
from kenning_lego.deployment.layout import Layout
from kenning_lego.deployment.look import look
from kenning_lego.deployment.plan import Action, Goal, identity, make_plan
from kenning_lego.deployment.request import Request, Say
from kenning_lego.deployment.service import unit
from kenning_lego.deployment.ssh import connected
from kenning_lego.protocols.keys import KeyPair


def deploy(request: Request, say: Say, *, dry_run: bool = False) -> None:
    """Bring a board to what is wanted; what is so already is left alone.

    Args:
        request: what is wanted.
        say: told each step.
        dry_run: only say what was found and what would be done.

    Raises:
        UsageError: the board cannot be reached or lacks something; nothing was changed.
        DeploymentError: a step failed; what served there before still serves.
        TargetLostError: the connection broke; another run continues.
    """
    host_keys.check_free(request.keys, request.name)
    with connected(request.ssh) as ssh:
        facts = look(ssh, request, say)
        ground = find_ground(facts, request.wish)
        own = host_keys.own_key(request.keys, request.key, make=not dry_run)
        with _core_bundle(request, ground) as core:
            if request.bundle is not None:
                check_bundle(facts, ground, core)
            goal = _goal(request, facts, ground, core, own)
            plan = make_plan(facts, goal)
            say(_decision(ground, goal, plan))
            if dry_run or own is None:
                for action in plan:
                    say(f"  would {action.value}")
                return
            Deployment(ssh, request, facts, ground, goal, own, say).carry_out(plan, core)


@contextlib.contextmanager
def _core_bundle(request: Request, ground: Ground) -> Iterator[Bundle]:
    """The bundle that was named, or one of kenning-lego and pip alone, which takes no time."""
    if request.bundle is not None:
        yield load_bundle(request.bundle)
        return
    with tempfile.TemporaryDirectory(prefix="kenning-lego-deploy-") as name:
        yield make_core_bundle(Path(name) / "core", engine=ground.engine)


def _goal(
    request: Request, facts: BoardFacts, ground: Ground, core: Bundle, own: KeyPair | None
) -> Goal:
    service = request.wish.service
    return Goal(
        identity=identity(core.version, core.own.sha256, ground),
        host_key="" if own is None else own.public,
        service=service,
        unit=unit(Layout(facts.base), request.address, service, facts.user),
    )


def _decision(ground: Ground, goal: Goal, plan: tuple[Action, ...]) -> str:
    if not plan:
        return f"nothing to do: {goal.identity} is installed and current"
    if Action.SEND not in plan:
        return f"{goal.identity} is installed; left to do: {len(plan)} of the other steps"
    engine: str = ground.engine
    if ground.sees_system:
        engine = f"NVIDIA's onnxruntime-gpu {ground.python.gpu_engine} of the system"
    return f"installing {goal.identity} for {ground.python.path}, engine {engine}"
