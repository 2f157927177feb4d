"""`kenning-lego tune` as a process: its commands, its signals, its death."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machines import CPU, jetson, laptop, settings, tree

PROGRAM = """
import sys
from pathlib import Path
from kenning_lego.core.entry import run
from kenning_lego.scenarios.tune import tune_machine
root = Path(sys.argv[1])
sys.exit(run(lambda arguments: tune_machine(arguments, root), sys.argv[2:]))
"""
GOVERNOR = f"{CPU}/cpufreq/policy0/scaling_governor"
PATIENCE_S = 60


def command(root: Path, *arguments: str) -> list[str]:
    state = str(root.parent / "state")
    return [sys.executable, "-c", PROGRAM, str(root), "--state", state, *arguments]


def run_tune(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, *arguments), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


@contextmanager
def started(root: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(root, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def governor(root: Path) -> str:
    return (root / GOVERNOR).read_text().strip()


def test_command_runs_tuned_and_its_output_and_code_are_its_own(tmp_path: Path) -> None:
    root = laptop(tmp_path / "root")
    before = settings(root)
    done = run_tune(root, "--", "sh", "-c", f"cat {root / GOVERNOR}; exit 7")
    assert done.returncode == 7
    assert done.stdout == "performance\n"
    assert f"tune: /{GOVERNOR}: powersave -> performance\n" in done.stderr
    assert f"tune: /{GOVERNOR}: performance -> powersave\n" in done.stderr
    assert settings(root) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run commands as others")
def test_command_runs_as_the_user_who_called_sudo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = laptop(tmp_path / "root")
    monkeypatch.setenv("SUDO_UID", "65534")
    done = run_tune(root, "--", "sh", "-c", "id -u; id -G; echo $USER; cd /")
    user = pwd.getpwuid(65534)
    groups = " ".join(map(str, os.getgrouplist(user.pw_name, user.pw_gid)))
    assert done.stdout.splitlines() == ["65534", groups, user.pw_name]
    assert governor(root) == "powersave"


def test_command_that_cannot_be_started_leaves_everything_as_it_was(tmp_path: Path) -> None:
    root = laptop(tmp_path / "root")
    before = settings(root)
    done = run_tune(root, "--", "no-such-program")
    assert done.returncode == 2
    assert "error: cannot run 'no-such-program'" in done.stderr
    assert "Traceback" not in done.stderr
    assert settings(root) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_ends_the_command_and_puts_everything_back(
    tmp_path: Path, number: signal.Signals
) -> None:
    root = jetson(tmp_path / "root")
    before = settings(root)
    with started(root, "--", "sh", "-c", "echo running; exec sleep 60") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        assert governor(root) == "performance"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 130
    assert settings(root) == before
    assert not list((tmp_path / "state").iterdir())


def test_signal_while_settings_change_puts_everything_back(tmp_path: Path) -> None:
    root = jetson(tmp_path / "root")
    before = settings(root)
    tree(root, {"usr/sbin/nvpmodel": slow((root / "usr/sbin/nvpmodel").read_text())})
    with started(root, "--", "true") as process:
        eventually(lambda: (root / "slow").exists())
        process.send_signal(signal.SIGTERM)
        (root / "go").touch()
        assert process.wait(PATIENCE_S) == 130
    assert settings(root) == before


def slow(program: str) -> str:
    wait = (
        '[ "$1" = -m ] && { touch "$root/slow"; while [ ! -e "$root/go" ]; do sleep 0.02; done; }'
    )
    return program.replace('case "$1" in', f'{wait}\ncase "$1" in')


@pytest.mark.parametrize("where", ["hang-nvpmodel", "hang-clocks"])
@pytest.mark.parametrize("arguments", [(), ("--", "true")], ids=["until reset", "command"])
def test_reset_after_a_kill_in_the_middle(
    tmp_path: Path, where: str, arguments: tuple[str, ...]
) -> None:
    root = jetson(tmp_path / "root")
    before = settings(root)
    (root / where).touch()
    with started(root, *arguments) as process:
        eventually(lambda: (root / "hanging").exists() and (root / "hanging").read_text() != "")
        process.kill()
        process.wait(PATIENCE_S)
    os.kill(int((root / "hanging").read_text()), signal.SIGKILL)
    (root / where).unlink()
    assert (tmp_path / "state/tune.journal").exists()
    done = run_tune(root, "--reset")
    assert (done.returncode, done.stderr.count("error")) == (0, 0)
    assert settings(root) == before
    assert not list((tmp_path / "state").iterdir())
    again = run_tune(root, "--reset")
    assert (again.returncode, again.stdout) == (0, "nothing to put back\n")


def test_next_command_puts_back_what_a_killed_one_left(tmp_path: Path) -> None:
    root = laptop(tmp_path / "root")
    before = settings(root)
    with started(root, "--", "sh", "-c", "echo $$; exec sleep 60") as process:
        assert process.stdout is not None
        sleeper = int(process.stdout.readline())
        process.kill()
        process.wait(PATIENCE_S)
    os.kill(sleeper, signal.SIGKILL)
    assert governor(root) == "performance"
    done = run_tune(root, "--", "cat", str(root / GOVERNOR))
    assert (done.returncode, done.stdout) == (0, "performance\n")
    assert "did not come to put its settings back; that comes first" in done.stderr
    assert settings(root) == before


def test_second_command_is_refused_while_one_runs(tmp_path: Path) -> None:
    root = laptop(tmp_path / "root")
    with started(root, "--", "sh", "-c", "echo running; exec sleep 60") as process:
        assert process.stdout is not None
        process.stdout.readline()
        for arguments in (("--", "true"), ("--reset",), ()):
            done = run_tune(root, *arguments)
            assert done.returncode == 2
            assert done.stderr == (
                "error: another `kenning-lego tune` is under way (wait until it has ended)\n"
            )
        process.terminate()
        assert process.wait(PATIENCE_S) == 130


def test_reset_as_somebody_else_than_root_is_told_of_roots_journal(tmp_path: Path) -> None:
    root = laptop(tmp_path / "root")
    journal = root / "var/lib/kenning-lego/tune.journal"
    journal.parent.mkdir(parents=True)
    journal.touch()
    done = run_tune(root, "--reset")
    assert done.returncode == 0
    assert "nothing to put back; but root has changed settings" in done.stdout


def test_dry_run_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    root = jetson(tmp_path / "root")
    before = settings(root)
    done = run_tune(root, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "would change nvpmodel: mode 1 (7W) -> 0 (MAXN)",
        f"would change /{GOVERNOR}: schedutil -> performance",
        f"would change /{CPU}/cpufreq/policy4/scaling_governor: schedutil -> performance",
        "would run jetson_clocks: all clocks at their highest",
    ]
    assert settings(root) == before
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--reset", "--", "true"), "a command goes with neither --reset nor --dry-run"),
        (("--",), "no command"),
        (("--gouvernor",), "unknown flag --gouvernor"),
    ],
)
def test_wrong_use_is_one_line(tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    done = run_tune(laptop(tmp_path / "root"), *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {problem}")
    assert len(done.stderr.splitlines()) == 1
