"""What to do on a board: a pure function of what was found there and what is wanted."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.deployment.facts import BoardFacts
from kenning_lego.deployment.ground import Ground, Service
from kenning_lego.deployment.platforms import dotted


class Action(enum.Enum):
    """One step, in the order in which they are done."""

    SEND = "send the wheels"
    INSTALL = "make a virtual environment and install into it"
    MAKE_KEY = "make the server's key there"
    AUTHORISE = "authorise this host's key"
    TRY = "start a server for a moment and talk to it"
    REMOVE_SERVICE = "remove the service of the other kind"
    WRITE_UNIT = "write the service's unit"
    SWITCH = "make this version the current one"
    START = "start the service, and at every boot"
    PRUNE = "remove the versions before"


@dataclass(frozen=True, slots=True)
class Goal:
    """How the board shall be in the end.

    Args:
        identity: of the version and how it is installed.
        host_key: public key of this host in Z85.
        service: of which kind.
        unit: its text; empty without a service.
    """

    identity: str
    host_key: str
    service: Service
    unit: str


def identity(version: str, own_sha256: str, ground: Ground) -> str:
    """A name for a version and all that decides what its environment becomes."""
    parts = (own_sha256, ground.engine, ground.python.real_path, dotted(ground.python.version))
    text = "\n".join((*parts, str(ground.sees_system)))
    return f"{version}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def make_plan(facts: BoardFacts, goal: Goal) -> tuple[Action, ...]:
    """The steps from what there is to what there shall be; none if it is so already."""
    return tuple(_steps(facts, goal))


def _steps(facts: BoardFacts, goal: Goal) -> Iterator[Action]:
    builds = goal.identity not in facts.environments
    switches = facts.current != goal.identity
    if builds:
        yield Action.SEND
        yield Action.INSTALL
    if not facts.board_key:
        yield Action.MAKE_KEY
    if goal.host_key not in facts.authorised.split():
        yield Action.AUTHORISE
    if builds or switches:
        yield Action.TRY
    if any(kind != goal.service for kind in facts.own_units()):
        yield Action.REMOVE_SERVICE
    served = goal.service != "none"
    writes = served and facts.units.get(goal.service) != goal.unit
    if writes:
        yield Action.WRITE_UNIT
    if switches:
        yield Action.SWITCH
    if served and (writes or switches or facts.services.get(goal.service) != "active"):
        yield Action.START
    if set(facts.environments) - {goal.identity}:
        yield Action.PRUNE
