"""doctor and selftest as commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import psutil
import pytest

from kenning_lego.operations.doctor.facts import DoctorReport
from kenning_lego.operations.selftest.bundle import read_bundle
from kenning_lego.protocols.client import connect
from tests.targets import running_server

PATIENCE_S = 120


def command(
    *arguments: str, cwd: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kenning_lego", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
    )


def test_doctor_prints_json_that_reads_back_and_names_nobody() -> None:
    done = command("doctor", "--json")
    report = DoctorReport.model_validate_json(done.stdout)
    assert done.returncode == (3 if report.verdict == "problem" else 0)
    assert done.stderr == ""
    assert report.facts.host_name is None
    assert any(each.package == "onnxruntime" for each in report.facts.engines)
    home = str(Path.home())
    assert f"{home}/" not in done.stdout
    assert f'"{os.uname().nodename}"' not in done.stdout


def test_doctor_prints_text_with_a_last_word() -> None:
    done = command("doctor")
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("ready") or "problem" in last
    assert "\x1b" not in done.stdout


def test_doctor_finds_that_there_is_no_engine(tmp_path: Path) -> None:
    """An installation whose engines cannot be imported."""
    for engine in ("onnxruntime", "torch"):
        (tmp_path / f"{engine}.py").write_text("raise ImportError('libstdc++ is too old')\n")
    done = command("doctor", environment={"PYTHONPATH": _path(tmp_path)})
    assert done.returncode == 3
    assert "importing it fails: ImportError: libstdc++ is too old" in " ".join(done.stdout.split())
    assert "no engine is installed that artifacts can run on" in " ".join(done.stdout.split())


def _path(first: Path) -> str:
    return os.pathsep.join(filter(None, [str(first), os.environ.get("PYTHONPATH", "")]))


def test_doctor_asks_a_target(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        done = command("doctor", "--target", server.address)
        assert (done.returncode, done.stderr) == (0, "")
        assert "lease       free" in done.stdout
        with connect(server.address) as target:
            target.lease()
            answer = json.loads(command("doctor", "--target", server.address, "--json").stdout)
    assert answer["kind"] == "target"
    assert answer["observation"]["holder"] != ""
    assert answer["description"]["facts"]["cores"] == os.cpu_count()


def test_doctor_of_nobody_is_one_line() -> None:
    done = command("doctor", "--target", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_selftest_writes_one_bundle_and_shows_it(tmp_path: Path) -> None:
    home = tmp_path / "annabel"
    home.mkdir()
    here = tmp_path / "here"
    here.mkdir()
    environment = {"HOME": str(home), "USER": "annabel", "TMPDIR": str(home)}
    done = command("selftest", cwd=here, environment=environment)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    (bundle,) = here.iterdir()
    assert f"bundle {bundle.name}\n" in done.stdout
    record = read_bundle(bundle)
    assert record.passed
    with tarfile.open(bundle) as archive:
        names = {Path(name).name for name in archive.getnames()}
        texts = [
            file.read().decode() for member in archive if (file := archive.extractfile(member))
        ]
    assert names == {"record.json", "doctor.json", "server.log"}
    for text in texts:
        assert "annabel" not in text
        assert f"{os.uname().nodename} " not in text
    shown = command("selftest", "--show", str(bundle))
    assert shown.returncode == 0
    assert "round trip, fused" in shown.stdout


def test_selftest_of_a_broken_installation_fails_and_packs_why(tmp_path: Path) -> None:
    """A server that cannot start, because something lies in the way of an import."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'kenning_lego.scenarios.inference_server' in sys.orig_argv:\n"
        "    sys.exit('the board is out of order')\n"
    )
    output = tmp_path / "b.tar.gz"
    done = command("selftest", "--output", str(output), environment={"PYTHONPATH": _path(broken)})
    assert done.returncode == 1
    assert "the board is out of order" in done.stdout
    record = read_bundle(output)
    assert not record.passed
    assert "the board is out of order" in record.checks[0].detail


def test_selftest_says_first_that_it_cannot_write(tmp_path: Path) -> None:
    done = command("selftest", "--output", str(tmp_path / "no/such/b.tar.gz"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write into")
    assert done.stdout == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_selftest_that_is_ended_leaves_no_process_and_no_file(
    tmp_path: Path, number: signal.Signals
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "kenning_lego", "selftest"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("passed  greets"):
                break
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 130
        process.stdout.close()
    deadline = time.monotonic() + 20
    while any(each.is_running() for each in started):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    # Some engines leave a file of their own as soon as they are imported.
    assert not list(temporary.glob("kenning-lego*"))
    assert list(tmp_path.iterdir()) == [temporary]
