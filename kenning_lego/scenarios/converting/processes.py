"""A conversion in a process of its own, so that whatever it does ends with it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from kenning_lego.core.conversion_records import State
from kenning_lego.scenarios.converting.jobs import Answer, Job

_CHILD = "kenning_lego.scenarios.converting.child"
_MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended.

    Args:
        state: what it means for the cell; ``converted`` is not compared yet.
        answer: what it told, or what was to be seen from outside.
        seconds: wall time.
    """

    state: State
    answer: Answer
    seconds: float


def run_job(job: Job, time_limit_s: float) -> Outcome:
    """Do a job in a new process, and end it and all that it started when its time is up.

    Args:
        job: to do; its directory holds the files of the dialogue too.
        time_limit_s: wall time.
    """
    asked, answered, said = (
        job.directory / name for name in ("job.json", "answer.json", "said.txt")
    )
    asked.write_text(job.model_dump_json(), encoding="utf-8")
    answered.unlink(missing_ok=True)
    begin = time.monotonic()
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", _CHILD, str(asked), str(answered)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(time_limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    seconds = round(time.monotonic() - begin, 3)
    text = said.read_text(encoding="utf-8", errors="replace")[-_MOST_CHARACTERS:].strip()
    if code is None:
        problem = f"not done after {time_limit_s:g} s"
        return Outcome("timed_out", Answer(problem=problem, error=text), seconds)
    if code < 0:
        problem = f"ended by {signal.Signals(-code).name}"
        return Outcome("crashed", Answer(problem=problem, error=text), seconds)
    return _answered(answered, code, text, seconds)


def _answered(path: Path, code: int, text: str, seconds: float) -> Outcome:
    try:
        answer = Answer.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        problem = f"ended with code {code} and without an answer"
        return Outcome("crashed", Answer(problem=problem, error=text), seconds)
    return Outcome("failed" if answer.problem else "converted", answer, seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process's session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
