"""What was found on a board, for the planner and for people."""

from __future__ import annotations

from kenning_lego.deployment.board import probe
from kenning_lego.deployment.facts import BoardFacts
from kenning_lego.deployment.ground import is_version
from kenning_lego.deployment.request import Request, Say
from kenning_lego.deployment.ssh import Ssh


def look(ssh: Ssh, request: Request, say: Say) -> BoardFacts:
    """Look at the board and say what was found; changes nothing."""
    python = request.wish.python or ""
    named = "" if is_version(python) else python
    facts = probe(ssh, directory=request.directory, python=named)
    for line in describe(facts):
        say(line)
    return facts


def describe(facts: BoardFacts) -> list[str]:
    """What was found, for people."""
    machine = facts.model or facts.machine
    memory = f", {facts.memory_bytes / 1e6:.0f} MB of memory" if facts.memory_bytes else ""
    pythons = ", ".join(f"{p.path} ({p.version[0]}.{p.version[1]})" for p in facts.pythons)
    there = facts.current or "nothing of ours"
    state = "".join(f", {kind} service {facts.services[kind]}" for kind in facts.own_units())
    free = f"{facts.free_bytes / 1e6:.0f} MB free"
    return [
        f"board: {machine}, {facts.release or facts.system}{memory}, {free}",
        f"Python: {pythons or 'none'}",
        f"systemd: {', '.join(sorted(facts.systemd)) or 'does not run'}",
        f"installed: {there}{state} in {facts.base}",
    ]
