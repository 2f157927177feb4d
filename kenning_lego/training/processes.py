"""Tasks in processes of this machine, by joblib.

Each place has a process of its own: if one dies, it is known which task it was, and the others
go on. Between processes go names, numbers and paths.
"""

from __future__ import annotations

import importlib
import json
import signal
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kenning_lego.core.errors import KenningLegoError, MissingDependencyError
from kenning_lego.training.progress import CombinedProgress, OnProgress, stopping_on_interrupt
from kenning_lego.training.tasks import Call, Task, TaskError

_POLL_S = 0.2
_TELL_S = 0.5

Failure = tuple[str, str]
"""What an error says: problem and remedy."""


@dataclass(frozen=True, slots=True)
class Processes:
    """As many tasks side by side as there are processes, which share torch's threads.

    Args:
        processes: how many.

    Raises:
        MissingDependencyError: joblib is not installed.
    """

    processes: int

    def __post_init__(self) -> None:
        try:
            importlib.import_module("joblib")
        except ModuleNotFoundError as error:
            raise MissingDependencyError("joblib", "host", "work in several processes") from error

    def run(self, tasks: Sequence[Task], on_progress: OnProgress | None = None) -> None:
        """As :meth:`.Executor.run`; when one fails, the others are done all the same."""
        with tempfile.TemporaryDirectory(prefix="kenning-lego-tasks-") as directory:
            places = min(self.processes, len(tasks))
            shift = _Shift(tasks, Path(directory), on_progress)
            shift.work([_Place() for _ in range(places)])


class _Place:
    """A process, started again if it died, and what it is at."""

    def __init__(self) -> None:
        self.task = -1
        self.future: Future[Failure | None] | None = None
        self._pool: Any = None

    def begin(self, task: int, call: Call, report: Path, stop: Path, threads: int) -> None:
        from joblib.externals.loky import ProcessPoolExecutor

        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, initializer=_ignore_interrupts, env={"OMP_NUM_THREADS": str(threads)}
            )
        self.task = task
        arguments = json.dumps([call.function, call.arguments])
        self.future = self._pool.submit(_work, arguments, str(report), str(stop), threads)

    def end(self) -> BaseException | Failure | None:
        """What became of its task; it is free then."""
        if self.future is None:
            return None
        error = self.future.exception()
        result = error or self.future.result()
        self.future = None
        if isinstance(error, BrokenProcessPool):
            self.close()
        return result

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, kill_workers=True)
            self._pool = None


class _Shift:
    """All tasks on their way through the places."""

    def __init__(
        self, tasks: Sequence[Task], directory: Path, on_progress: OnProgress | None
    ) -> None:
        self._tasks = tasks
        self._directory = directory
        self._progress = CombinedProgress([each.work for each in tasks], on_progress)
        self._failures: list[TaskError] = []

    def work(self, places: Sequence[_Place]) -> None:
        waiting = list(range(len(self._tasks)))
        threads = max(1, torch.get_num_threads() // max(1, len(places)))
        stop = self._directory / "stop"
        try:
            with stopping_on_interrupt() as should_stop:
                while waiting or any(each.future for each in places):
                    if should_stop():
                        stop.touch()
                        waiting.clear()
                    for place in places:
                        if place.future is None and waiting:
                            self._begin(place, waiting.pop(0), stop, threads)
                    self._watch(places)
        finally:
            for place in places:
                place.close()
        if stop.exists():
            raise KeyboardInterrupt
        if self._failures:
            raise self._failures[0]

    def _begin(self, place: _Place, task: int, stop: Path, threads: int) -> None:
        place.begin(task, self._tasks[task].ship(), self._report(task), stop, threads)

    def _watch(self, places: Sequence[_Place]) -> None:
        futures = [each.future for each in places if each.future is not None]
        wait(futures, _POLL_S, FIRST_COMPLETED)
        for place in places:
            self._tell(place.task)
            if place.future is not None and place.future.done():
                self._note(place.task, place.end())

    def _note(self, task: int, outcome: BaseException | Failure | None) -> None:
        name = self._tasks[task].name
        if outcome is None:
            self._progress.update(task, self._tasks[task].work, name)
        elif isinstance(outcome, BrokenProcessPool):
            self._failures.append(
                TaskError(
                    f"the process died that was at {name}",
                    "if memory ran out take fewer processes or a lower max_memory_mb; what is "
                    "done is found again",
                )
            )
        elif isinstance(outcome, BaseException):
            self._failures.append(
                TaskError(f"{name} failed: {type(outcome).__name__}: {outcome}", "see the cause")
            )
        else:
            self._failures.append(TaskError(*outcome))

    def _tell(self, task: int) -> None:
        try:
            done, text = json.loads(self._report(task).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # none yet, or half of one
            return
        self._progress.update(task, done, text)

    def _report(self, task: int) -> Path:
        return self._directory / f"{task}.json"


def _ignore_interrupts() -> None:
    """Ctrl-C reaches all processes of a terminal; the first one tells the others by a file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(call: str, report: str, stop: str, threads: int) -> Failure | None:
    """What a process does: one task, whose progress goes to a file."""
    torch.set_num_threads(threads)
    function, arguments = json.loads(call)
    told = 0.0

    def tell(done: int, _all: int, text: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _TELL_S:
            told = time.monotonic()
            Path(report).write_text(json.dumps([done, text]), encoding="utf-8")

    try:
        Call(function, arguments).make(tell, Path(stop).exists)
    except KenningLegoError as error:
        return error.problem, error.remedy
    except KeyboardInterrupt:
        return None
    return None
