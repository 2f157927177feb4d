"""Measuring memory in fresh processes: starting, watching and ending them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing

from kenning_lego.core.engines import digest_of
from kenning_lego.core.errors import ModelError, ProtocolError
from kenning_lego.core.footprints import Footprint, FootprintPlan, FootprintSample
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.engine_fields import pack_loading
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.load_results import read_footprint_sample
from kenning_lego.runtimes.offers import Offers
from kenning_lego.servers.child import child_environment, how_it_ended
from kenning_lego.servers.memory_guard import ResidentGuard
from kenning_lego.store.artifacts import ArtifactStore

COMMAND = (sys.executable, "-m", "kenning_lego.servers.footprint")
WATCH_INTERVAL_S = 0.005
"""How often a child's memory is looked at: what it allocates meanwhile, it may have too much."""
PROGRESS_INTERVAL_S = 0.25
_LONGEST_ANSWER = 1 << 16

Stop = Callable[[], str | None]


def measure_footprint(
    plan: FootprintPlan,
    store: ArtifactStore,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    memory_bytes: int | None = None,
    command: Sequence[str] = COMMAND,
    offers: Offers | None = None,
) -> Footprint:
    """Load a chain in fresh processes, one after the other, and look at their memory.

    Args:
        plan: what to load.
        store: where the artifacts lie.
        on_progress: called a few times a second.
        cancelled: asked as often; what was measured by then is kept.
        memory_bytes: that this process and each fresh one may use together; None for any amount.
        command: what to start.
        offers: what hosts may choose by name.

    Raises:
        ModelError: the chain cannot be loaded.
        StoreError: an artifact is missing.
        ProtocolError: a process crashed or broke a limit (code ``engine_failed``), or it was
            cancelled before there was anything to tell.
    """
    files = {stage: store.size(digest_of(stage)) for stage in plan.stages}
    begin = time.monotonic()
    told = begin
    samples: list[FootprintSample] = []
    ended_early = ""

    def stop() -> str | None:
        nonlocal told, ended_early
        now = time.monotonic()
        if now - told >= PROGRESS_INTERVAL_S:
            told = now
            on_progress(Progress(len(samples), plan.repeats, now - begin, "footprint"))
            if cancelled():
                ended_early = "cancelled"
        if now - begin > plan.max_seconds:
            ended_early = f"took longer than {plan.max_seconds:g} s"
        return ended_early or None

    told_offers = [*command, "--offers", (offers or Offers()).to_json()]
    while len(samples) < plan.repeats:
        sample = _fresh(plan, store, stop, memory_bytes, told_offers)
        if sample is None:
            break
        samples.append(sample)
    if not samples:
        raise ProtocolError(
            f"no footprint: {ended_early}", "allow it more time", code="engine_failed"
        )
    return Footprint(sum(files.values()), tuple(samples))


def _fresh(
    plan: FootprintPlan,
    store: ArtifactStore,
    stop: Stop,
    memory_bytes: int | None,
    command: Sequence[str],
) -> FootprintSample | None:
    """What one process says; None if it was stopped."""
    options = {
        "--parent": os.getpid(),
        "--store": store.root.absolute(),
        "--load": json.dumps(pack_loading(plan)),
        "--runs": plan.runs,
    }
    # In our own process group, so that it is killed with us.
    with subprocess.Popen(
        [*command, *(f"{name}={value}" for name, value in options.items()), *plan.stages],
        cwd="/",
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            answer = _answer(child, stop, memory_bytes)
            if answer is None:
                return None
            code = child.wait()
        finally:
            child.kill()
    if code:
        raise _failed(how_it_ended(code))
    return _sample(answer)


def _answer(child: subprocess.Popen[bytes], stop: Stop, memory_bytes: int | None) -> bytes | None:
    """All that it wrote when it has ended; None if it was stopped."""
    if child.stdout is None:
        raise _failed("it has no output")
    pipes = [child.stdout.fileno()]
    written = b""
    with closing(_guard(child.pid, memory_bytes)) as guard:
        while not stop():
            ended = child.poll() is not None
            if select.select(pipes, [], [], 0 if ended else WATCH_INTERVAL_S)[0]:
                piece = os.read(pipes[0], _LONGEST_ANSWER)
                written += piece
                if len(written) > _LONGEST_ANSWER:
                    raise _failed("it answered nonsense without end")
                if not piece:
                    pipes = []
            elif ended:
                return written
            exceeded = guard.exceeded() if memory_bytes is not None else None
            if exceeded:
                raise _failed(exceeded)
    return None


def _guard(child: int, memory_bytes: int | None) -> ResidentGuard:
    with closing(ResidentGuard(os.getpid(), 0, "")) as ours:
        left = (memory_bytes or 0) - ours.used_bytes()
    return ResidentGuard(child, max(0, left), "")


def _sample(answer: bytes) -> FootprintSample:
    try:
        content = json.loads(answer)
    except ValueError as error:
        raise _failed("it answered nonsense") from error
    fields = Fields(content, "footprint")
    if fields.has("problem"):
        raise ModelError(fields.text("problem"), fields.text("remedy"))
    return read_footprint_sample(fields)


def _failed(reason: str) -> ProtocolError:
    return ProtocolError(
        f"the process that loads the artifacts to see their memory failed: {reason}",
        code="engine_failed",
    )
