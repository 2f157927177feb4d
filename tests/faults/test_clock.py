"""The wall clock may jump as it likes: nothing that is timed or decided looks at it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kenning_lego
from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols.client import TargetClient, connect
from tests.faults.board import ENGINE, floats, row, running_board
from tests.targets import Artifact, matmul_artifact, scale_artifact

ROOMS = ("protocols", "runtimes", "servers", "stats")
WALL_CLOCK = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "ctime"),
    ("time", "localtime"),
    ("time", "clock_gettime"),
    ("time", "clock_gettime_ns"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
ALLOWED: set[tuple[str, str]] = set()
"""Module and function that may look at the wall clock, with a reason beside it."""


def calls(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Attributes and imported names that could be the wall clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            if isinstance(owner, ast.Attribute):
                yield owner.attr, node.attr
            elif isinstance(owner, ast.Name):
                yield owner.id, node.attr
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield node.module, name.name


def test_what_is_timed_or_decided_never_looks_at_the_wall_clock() -> None:
    package = Path(kenning_lego.__file__).parent
    found = {
        (path.relative_to(package).as_posix(), ".".join(call))
        for room in ROOMS
        for path in (package / room).rglob("*.py")
        for call in calls(ast.parse(path.read_text()))
        if call in WALL_CLOCK
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    "line",
    ["time.time()", "from time import time", "datetime.datetime.now()", "x = time.time_ns"],
)
def test_the_search_finds_the_wall_clock(line: str) -> None:
    assert WALL_CLOCK & set(calls(ast.parse(line)))


SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump(void)
{
    long seconds = 0;
    FILE *file = fopen(getenv("CLOCK_JUMP"), "r");
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += jump();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact;
    if (clock_gettime(CLOCK_REALTIME, &exact)) return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result)
{
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (result) *result = exact.tv_sec;
    return exact.tv_sec;
}
"""
"""Preloaded into server and workers: their wall clock is off by the seconds in a file."""


YEAR_S = 365 * 86400
JUMPS = (10 * YEAR_S, -20 * YEAR_S, 0)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler to make clocks jump")
    directory = tmp_path_factory.mktemp("clock")
    source, library = directory / "jump.c", directory / "jump.so"
    source.write_text(SHIM)
    done = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"cannot compile what makes clocks jump: {done.stderr[-500:]}")
    return library


def test_session_survives_jumps_of_the_targets_clock(
    tmp_path: Path, shim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offset = tmp_path / "offset"
    monkeypatch.setenv("LD_PRELOAD", str(shim))
    monkeypatch.setenv("CLOCK_JUMP", str(offset))
    with running_board(tmp_path, "--log-json") as board:
        scale, slow = scale_artifact(tmp_path, 2.0), matmul_artifact(tmp_path, 512, 100, "a", "b")
        with connect(board.server.address) as other:
            with board.connect() as target:
                jump_in_a_plan(target, slow, offset)
                target.upload(scale.path, scale.digest)
                target.compose([scale.digest], runtime=ENGINE)
                for seconds in JUMPS:
                    offset.write_text(str(seconds))
                    assert floats(target.infer([row(1.0)])[0][0]) == [2.0] * 8
                    assert 0 <= other.observe().held_s < 1000  # the lease is as old as it is
                    with pytest.raises(RemoteError, match=r"holds it since \d{1,3} s ago"):
                        other.lease()
            offset.write_text(str(JUMPS[0]))
            other.compose([scale.digest], runtime=ENGINE)
            assert floats(other.infer([row(1.0)])[0][0]) == [2.0] * 8
        log = [line for line in board.server.log.read_text().splitlines() if line.startswith("{")]
        years = {str(json.loads(line)["time"])[:4] for line in log}
        assert len(years) > 1, "the clock did not jump: this test shows nothing"


def jump_in_a_plan(target: TargetClient, artifact: Artifact, offset: Path) -> None:
    target.upload(artifact.path, artifact.digest)
    left = list(JUMPS)

    def jump(progress: Progress) -> None:
        if progress.phase == "measure" and left:
            offset.write_text(str(left.pop(0)))

    items = (PlanItem("slow", (artifact.digest,)),)
    begin = time.monotonic()
    target.measure(Plan(items, min_rounds=10**6, max_rounds=10**6, max_seconds=1.5), jump)
    assert 1.5 <= time.monotonic() - begin < 1.5 * 10
    assert not left
    (measured,) = target.statistics().measurements
    assert measured.stopped == "max_seconds"
    # More would be sent without copying, for which pyzmq keeps a thread and descriptors for good.
    assert len(measured.samples_ns) * 8 < 1 << 16
    assert all(0 < sample < 10**10 for sample in measured.samples_ns)
