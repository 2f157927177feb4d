"""Workers of deployments that behave as none should, and what the server makes of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kenning_lego.core.bounds import NO_BOUNDS
from kenning_lego.core.deployment_records import Frame
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.protocols.messages import Error, Ok
from kenning_lego.servers.deployments.deployed import Deployed, Tools
from kenning_lego.servers.deployments.process import ProcessOptions
from kenning_lego.servers.deployments.restarts import MOST_IN_A_ROW
from kenning_lego.servers.limits import WorkerLimits
from kenning_lego.servers.readiness import Readiness

LIMITS = WorkerLimits(
    memory_bytes=1_000_000_000, request_seconds=60, plan_grace_seconds=30, open_files=64
)
VARIANT = OfferedVariant("v", "a" * 64, 0.0, 1.0, 100)
DEPLOYMENT = Deployment("a", Offer((OfferedSegment("s", (VARIANT,)),)))

ENDS = "raise SystemExit(3)"
HANGS = "import time\nwhile True: time.sleep(1)"
NONSENSE = """
import socket, sys, time
channel = socket.socket(fileno=int(sys.argv[sys.argv.index("--channel") + 1]))
channel.sendall(b"\\x01\\0\\0\\0\\x01\\0\\0\\0\\xc1")
time.sleep(60)
"""


@dataclass
class Desk:
    """The loop of a server with one deployment, and a clock that is set by hand."""

    readiness: Readiness
    store: Path
    now: float = 0.0
    states: list[str] = field(default_factory=list)

    def ran(self, deployed: Deployed, frames: Sequence[Frame]) -> None:
        raise AssertionError(frames)

    def state_changed(self, deployed: Deployed) -> None:
        self.states.append(deployed.state)

    def deployed(self, script: str) -> Deployed:
        command = (sys.executable, "-c", script)
        options = ProcessOptions(self.store, LIMITS, command)
        tools = Tools(options, self.readiness, lambda: self.now)
        return Deployed(DEPLOYMENT, ("a" * 64,), NO_BOUNDS, tools, self)

    def until(self, done: Callable[[], bool], deployed: Deployed, *, pace_s: float = 0.0) -> None:
        deadline = time.monotonic() + 60
        while not done():
            assert time.monotonic() < deadline
            self.readiness.wait(0.01)
            self.now += pace_s
            deployed.tick(self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    readiness = Readiness()
    yield Desk(readiness, tmp_path)
    readiness.close()


@pytest.mark.parametrize(
    ("script", "pace_s", "reason"),
    [
        (ENDS, 0.0, "exit code 3"),
        (NONSENSE, 0.0, "talked nonsense"),
        (HANGS, 10.0, "told nothing for 60 s"),
    ],
    ids=["ends", "nonsense", "hangs"],
)
def test_worker_that_never_loads_is_told_to_whoever_deployed(
    desk: Desk, script: str, pace_s: float, reason: str
) -> None:
    deployed = desk.deployed(script)
    answers: list[Ok | Error] = []
    deployed.load(answers.append)
    desk.until(lambda: bool(answers), deployed, pace_s=pace_s)
    (answer,) = answers
    assert isinstance(answer, Error)
    assert answer.code == "worker_died"
    assert reason in answer.problem
    deployed.stop()


def test_worker_that_always_dies_is_given_up_after_growing_pauses(desk: Desk) -> None:
    deployed = desk.deployed(ENDS)
    deployed.load()
    desk.until(lambda: deployed.state == "failed", deployed, pace_s=5.0)
    status = deployed.status()
    assert status.restarts == MOST_IN_A_ROW
    assert "exit code 3" in status.reason
    assert desk.states == ["restarting"] * MOST_IN_A_ROW + ["failed"]
    deployed.stop()


def test_what_is_asked_of_a_deployment_that_does_not_run_holds_for_its_next_worker(
    desk: Desk,
) -> None:
    deployed = desk.deployed(ENDS)
    deployed.load()
    desk.until(lambda: deployed.state == "restarting", deployed)
    answers: list[Ok | Error] = []
    deployed.steer(("b" * 64,), answers.append)
    assert answers == [Ok({})]
    assert deployed.status().stages == ("b" * 64,)
    assert "b" * 64 in deployed.artifacts()
    deployed.stop()


def test_machine_without_a_process_to_spare_is_a_death_like_others(desk: Desk) -> None:
    deployed = desk.deployed(ENDS)
    missing = ProcessOptions(desk.store, LIMITS, ("/nowhere/python",))
    deployed._tools = Tools(missing, desk.readiness, lambda: desk.now)
    answers: list[Ok | Error] = []
    deployed.load(answers.append)
    (answer,) = answers
    assert isinstance(answer, Error)
    assert "cannot be started" in answer.problem
