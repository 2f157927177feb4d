from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from kenning_lego.core.errors import ModelError, UnknownNameError
from kenning_lego.training import executors
from kenning_lego.training.executors import Executor, InProcess, make_executor
from kenning_lego.training.processes import Processes
from kenning_lego.training.progress import OnProgress, ShouldStop
from kenning_lego.training.tasks import Call, TaskError

EXECUTORS = [InProcess(), Processes(2)]


@dataclass(frozen=True)
class FileTask:
    """Writes its process's id into a file, or does something worse."""

    path: Path
    action: str = "write"
    work: int = 4

    @property
    def name(self) -> str:
        return f"task {self.path.name}"

    def run(self, on_progress: OnProgress, should_stop: ShouldStop) -> None:
        do(str(self.path), self.action, on_progress, should_stop)

    def ship(self) -> Call:
        return Call(f"{__name__}:do", {"path": str(self.path), "action": self.action})


def do(path: str, action: str, on_progress: OnProgress, should_stop: ShouldStop) -> None:
    if action == "fail":
        raise ModelError(f"{path} diverged", "do otherwise")
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "wait":
        Path(path).with_suffix(".begun").touch()
        while not should_stop():
            time.sleep(0.01)
        raise KeyboardInterrupt
    if action == "bug":
        raise ZeroDivisionError("no")
    on_progress(4, 4, f"at {Path(path).name}")
    Path(path).write_text(json.dumps(os.getpid()))


def tasks(directory: Path, *actions: str) -> list[FileTask]:
    return [FileTask(directory / str(number), action) for number, action in enumerate(actions)]


def done(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir() if each.suffix != ".begun")


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_all_tasks_are_done_and_told_of(executor: Executor, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    some = tasks(tmp_path, *5 * ["write"])
    executor.run(some, lambda *each: told.append(each))
    assert done(tmp_path) == ["0", "1", "2", "3", "4"]
    assert told[-1][:2] == (20, 20)
    assert [each for each, *_ in told] == sorted(each for each, *_ in told)
    processes = {json.loads(each.path.read_text()) for each in some}
    assert (os.getpid() in processes) == isinstance(executor, InProcess)
    assert len(processes) <= executor.processes


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_nothing_to_do_is_done_at_once(executor: Executor) -> None:
    executor.run([])


def test_a_task_that_fails_here_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="1 diverged"):
        InProcess().run(tasks(tmp_path, "write", "fail", "write"))
    assert done(tmp_path) == ["0"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("fail", r"1 diverged \(do otherwise\)"),
        ("die", "the process died that was at task 1"),
        ("bug", "task 1 failed: ZeroDivisionError: no"),
    ],
)
def test_when_one_fails_elsewhere_the_others_are_done(
    action: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(TaskError, match=message):
        Processes(2).run(tasks(tmp_path, "write", action, "write", "write"))
    assert done(tmp_path) == ["0", "2", "3"]


@pytest.mark.parametrize("executor", EXECUTORS, ids=repr)
def test_an_interrupt_lets_tasks_end_in_order_and_begins_no_more(
    executor: Executor, tmp_path: Path
) -> None:
    some = tasks(tmp_path, "wait", "write", "write", "write")

    def interrupt(_done: int, _all: int, _text: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    if isinstance(executor, InProcess):
        some = some[::-1]
    with pytest.raises(KeyboardInterrupt):
        executor.run(some, once(interrupt))


def once(do: Callable[[int, int, str], None]) -> Callable[[int, int, str], None]:
    calls: list[int] = []

    def called(done: int, all_: int, text: str) -> None:
        if not calls:
            calls.append(1)
            do(done, all_, text)

    return called


def test_executors_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = EntryPoint("mine", f"{__name__}:Mine", executors.ENTRY_POINTS)
    monkeypatch.setattr(executors, "entry_points", lambda group: [ours])
    assert make_executor("in-process", 7) == InProcess()
    assert make_executor("processes", 3) == Processes(3)
    assert make_executor("processes").processes == len(os.sched_getaffinity(0))
    assert isinstance(make_executor("mine", 5), Mine)
    with pytest.raises(UnknownNameError, match="did you mean 'mine'"):
        make_executor("mien")


@dataclass(frozen=True)
class Mine(InProcess):
    """One that a package brings."""
