"""Removing what was deployed."""

from __future__ import annotations

from kenning_lego.deployment import host_keys
from kenning_lego.deployment.board import Board
from kenning_lego.deployment.errors import BoardUnfitError
from kenning_lego.deployment.look import look
from kenning_lego.deployment.request import Request, Say
from kenning_lego.deployment.ssh import connected
from kenning_lego.protocols.keys import parse_public


def remove(request: Request, say: Say, *, purge: bool, dry_run: bool = False) -> None:
    """Remove what was deployed; keys and artifacts stay unless `purge`.

    Raises:
        UsageError: the board cannot be reached, or removing takes root.
        DeploymentError: a step failed.
    """
    with connected(request.ssh) as ssh:
        facts = look(ssh, request, say)
        units = facts.own_units()
        leftover = facts.current or facts.environments or units
        if not leftover and not (purge and facts.installed):
            say("nothing to remove")
            return
        if "system" in units and not facts.root:
            raise BoardUnfitError(
                f"removing a system service takes root, and sudo asks {facts.user} for a password",
                "allow sudo without a password, or remove it as root",
            )
        what = "everything, with keys and artifacts" if purge else "all but keys and artifacts"
        if dry_run:
            say(f"would remove {what} below {facts.base}")
            return
        board = Board(ssh, facts)
        for service in ("user", "system"):
            if service in units:
                board.remove_service(service)
                say(f"  removed the {service} service")
        board.remove(purge=purge)
        say(f"  removed {what} below {facts.base}")
        if purge and facts.board_key:
            key = parse_public(facts.board_key, "the board's key")
            if host_keys.forget(request.keys, request.name, key):
                say(f"  removed {request.name}.pub here")
