"""What a server says of itself: findings about a target from its HELLO."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego import __version__
from kenning_lego.core.plans import Observation
from kenning_lego.operations.doctor.facts import Finding
from kenning_lego.protocols.results import Welcome


def findings_of(welcome: Welcome, observation: Observation) -> tuple[Finding, ...]:
    """What a target's greeting means for measuring on it."""
    return tuple(_findings(welcome, observation))


def _findings(welcome: Welcome, observation: Observation) -> Iterator[Finding]:
    same = welcome.software == __version__
    yield Finding(
        area="software",
        severity="ok" if same else "improve",
        what=f"kenning-lego {welcome.software}, protocol {welcome.protocol}"
        + ("" if same else f"; here it is {__version__}"),
        remedy="" if same else "install the same version on both",
    )
    facts, state = welcome.description.facts, welcome.description.state
    told = ", ".join(f"{name} {value}" for name, value in facts.items())
    yield Finding(area="machine", severity="info", what=told or "it does not say what it is")
    for name, version in welcome.description.engines.items():
        yield Finding(area="engine", severity="ok", what=f"{name} {version}")
    if not welcome.description.engines:
        yield Finding(
            area="engine",
            severity="problem",
            what="it has no engine that artifacts can run on",
            remedy="there: pip install 'kenning-lego[onnxruntime]', then restart the server",
        )
    if welcome.description.delegates:
        names = ", ".join(welcome.description.delegates)
        yield Finding(area="engine", severity="info", what=f"delegates for litert: {names}")
    governor = str(state.get("governor", ""))
    if governor and governor != "performance":
        yield Finding(
            area="frequency",
            severity="improve",
            what=f"governor {governor}: frequencies change while you measure",
            remedy="there: kenning-lego tune",
        )
    if state:
        told = ", ".join(f"{name} {value}" for name, value in state.items())
        yield Finding(area="state", severity="info", what=told)
    if observation.holder:
        yield Finding(
            area="lease",
            severity="info",
            what=f"{observation.holder} measures there since {observation.held_s:.0f} s, "
            f"{observation.waiting} wait",
        )
    else:
        yield Finding(area="lease", severity="ok", what="free")
