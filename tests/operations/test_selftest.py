"""The self-test passes on a sound installation, fails on a broken one, and says why."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from kenning_lego.core.errors import WorkspaceError
from kenning_lego.operations.selftest import checks, engine_checks, run, server_process
from kenning_lego.operations.selftest.bench import Bench, CheckFailedError
from kenning_lego.operations.selftest.bundle import (
    RECORD,
    default_name,
    read_bundle,
    write_bundle,
)
from kenning_lego.operations.selftest.example import load_example
from kenning_lego.operations.selftest.half_upload import upload_until
from kenning_lego.operations.selftest.record import (
    CheckRecord,
    DistributionRecord,
    SelftestRecord,
    parse_record,
)
from kenning_lego.operations.selftest.run import CHECKS, END, Means, choose_means, run_selftest
from kenning_lego.operations.selftest.server_process import ServerProcess, running_server

ROOT = Path(__file__).parent.parent.parent
HERE = ROOT / "kenning_lego/operations/selftest"
WITH_ENGINE = Means("onnxruntime", {})
WITHOUT = Means("", {"engine": "no engine is installed"})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with running_server(tmp_path, "server", "--store-mb", "16") as started:
        yield started


@pytest.fixture
def bench(tmp_path: Path, server: ServerProcess) -> Bench:
    return Bench(tmp_path, server, "onnxruntime", load_example())


def outcomes(record: SelftestRecord) -> dict[str, str]:
    return {check.name: check.outcome for check in record.checks}


def test_sound_installation_passes_every_check(tmp_path: Path) -> None:
    told: list[CheckRecord] = []
    before = set(psutil.Process().children())
    record = run_selftest(tmp_path, WITH_ENGINE, told.append)
    assert [f"{c.name}: {c.detail}" for c in record.checks if c.outcome != "passed"] == []
    assert record.passed
    assert tuple(told) == record.checks
    assert len(record.checks) == len(CHECKS) + 2
    benchmark = record.benchmark
    assert benchmark is not None
    assert benchmark.latency is not None
    assert set(benchmark.round_trips) == {"observe", "fused", "stepwise", "pipelined"}
    assert benchmark.used["engine"] == "onnxruntime"
    # A round trip takes longer than the engine within it.
    assert benchmark.round_trips["fused"].median_ns > min(benchmark.latency.samples_ns)
    assert len(benchmark.upload_s) == 3
    assert record.environment is not None
    assert "cores" in record.environment.facts
    assert set(psutil.Process().children()) <= before


def test_without_an_engine_the_other_checks_run(tmp_path: Path) -> None:
    record = run_selftest(tmp_path, WITHOUT, lambda _: None)
    skipped = [check for check in record.checks if check.outcome == "skipped"]
    assert [check.name for check in skipped] == [c.name for c in CHECKS if c.needs == "engine"]
    assert {check.detail for check in skipped} == {"no engine is installed"}
    assert record.passed
    assert record.engine is None
    assert record.benchmark is not None
    assert record.benchmark.latency is None
    assert set(record.benchmark.round_trips) == {"observe"}


def test_server_that_does_not_start_fails_and_the_rest_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "STORE_MB", -1)
    record = run_selftest(tmp_path, WITH_ENGINE, lambda _: None)
    first, *others = record.checks
    assert first.outcome == "failed"
    assert "store-mb" in first.detail
    assert {check.outcome for check in others} == {"skipped"}
    assert not record.passed
    assert record.benchmark is None


def test_server_that_dies_fails_what_follows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(bench: Bench) -> str:
        bench.server.kill()
        return "killed"

    fatal = dataclasses.replace(CHECKS[1], run=kill)
    monkeypatch.setattr(run, "CHECKS", (CHECKS[0], fatal, *CHECKS[2:]))
    record = run_selftest(tmp_path, WITH_ENGINE, lambda _: None)
    assert [check.outcome for check in record.checks[:2]] == ["passed", "passed"]
    assert {check.outcome for check in record.checks[2:]} == {"failed"}
    assert all("has ended" in check.detail for check in record.checks[2:])
    assert record.checks[-1].name == END.name


# Each check can fail


def test_wrong_answer_is_found(bench: Bench) -> None:
    wrong = dataclasses.replace(
        bench.example, answer=tuple(each + 0.01 for each in bench.example.answer)
    )
    with pytest.raises(CheckFailedError, match=r"the answer is off by 0\.01"):
        engine_checks.answers(dataclasses.replace(bench, example=wrong))


def test_server_of_another_version_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "__version__", "99")
    with pytest.raises(CheckFailedError, match="it runs kenning-lego"):
        checks.greets(bench)


def test_server_that_holds_too_much_memory_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_MEMORY_MB", 1)
    with pytest.raises(CheckFailedError, match="MB of memory before"):
        checks.starts(bench)


def test_store_that_takes_too_much_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "STORE_MB", 2)
    with running_server(tmp_path, "server", "--store-mb", "20") as large:
        bench = Bench(tmp_path, large, "", load_example())
        with pytest.raises(CheckFailedError, match=r"refused for another reason.*sha256 differs"):
            checks.store_is_bounded(bench)


def test_worker_that_is_left_over_is_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.connect() as target:
        bench.compose(target)
        monkeypatch.setattr(Bench, "await_free", lambda _: None)
        with pytest.raises(CheckFailedError, match="1 workers without anybody"):
            checks.stops(bench)


def test_lease_that_does_not_come_free_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kenning_lego.operations.selftest.bench._PATIENCE_S", 0.2)
    with bench.connect() as target:
        target.lease()
        with pytest.raises(CheckFailedError, match=r"not so within 0.2 s: the lease is free"):
            bench.await_free()


def test_upload_that_broke_off_is_wanted_from_where_it_was(bench: Bench) -> None:
    path, digest = bench.noise(6_000_000)
    assert upload_until(bench.server.address, path, digest, 1) == 0
    bench.await_free()
    offset = upload_until(bench.server.address, path, digest, None)
    assert 0 < offset < 6_000_000
    bench.await_free()
    assert upload_until(bench.server.address, path, digest, None) == 6_000_000


def test_server_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_process, "_PATIENCE_S", 0.0)
    with pytest.raises(server_process.ServerFailedError, match="did not listen within"):
        ServerProcess(tmp_path, "server")


def test_engine_without_an_example_is_said(tmp_path: Path) -> None:
    means = choose_means({"tflite": "2"}, curve=False)
    assert means.engine == ""
    assert "there is no tiny network for tflite" in means.missing["engine"]
    assert "curve" in means.missing
    assert choose_means({"onnxruntime": "1"}, curve=True) == Means("onnxruntime", {})


# The example


def test_example_is_what_its_script_makes(tmp_path: Path) -> None:
    script = _load(ROOT / "examples/selftest_model.py")
    script.main(tmp_path)
    assert (tmp_path / "tiny.onnx").read_bytes() == (HERE / "tiny.onnx").read_bytes()
    made = json.loads((tmp_path / "tiny.json").read_text())
    shipped = json.loads((HERE / "tiny.json").read_text())
    assert made["input"] == shipped["input"]
    # Sums may be taken in another order on another processor.
    assert made["answer"] == pytest.approx(shipped["answer"], abs=1e-9)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("selftest_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_example_is_small() -> None:
    assert (HERE / "tiny.onnx").stat().st_size < 100_000
    assert (HERE / "tiny.json").stat().st_size < 100_000


def test_output_of_another_size_is_wrong() -> None:
    example = load_example()
    assert not example.is_right(b"")
    assert not example.is_right(bytes(44))
    assert not example.is_right(bytes(40))


# The record and its bundle


def sample() -> SelftestRecord:
    return SelftestRecord(
        created="2026-01-02T03:04:05Z",
        version="0.1.0",
        seconds=4.2,
        engine=None,
        checks=(CheckRecord(name="starts", outcome="passed", seconds=0.1, detail="fine"),),
        environment=None,
        benchmark=None,
    )


def test_bundle_reads_back_and_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    write_bundle(path, {RECORD: sample().model_dump_json(), "server.log": "quiet\n"}, 1e9)
    assert read_bundle(path) == sample()
    with tarfile.open(path) as archive:
        for member in archive:
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == 10**9
            assert member.name.startswith("kenning-lego-selftest/")
    assert list(tmp_path.iterdir()) == [path]


def test_name_tells_the_time_only() -> None:
    assert default_name(0) == "kenning-lego-selftest-19700101-000000.tar.gz"


def test_bundle_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with pytest.raises(WorkspaceError, match="No such file"):
        read_bundle(path)
    path.write_bytes(b"no archive")
    with pytest.raises(WorkspaceError, match="cannot read the bundle"):
        read_bundle(path)
    write_bundle(path, {"other.json": "{}"}, 0)
    with pytest.raises(WorkspaceError, match=r"has no record.json"):
        read_bundle(path)
    whole = tmp_path / "whole.tar.gz"
    write_bundle(whole, {RECORD: sample().model_dump_json()}, 0)
    path.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(WorkspaceError):
        read_bundle(path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "is not JSON"),
        ("[]", "is not the record of a self-test"),
        ('{"kind": "run", "schema_version": 1}', "is not the record of a self-test"),
        ('{"kind": "selftest", "schema_version": 2}', "newer|reads up to 1"),
        ('{"kind": "selftest", "schema_version": 1}', "damaged: created"),
    ],
)
def test_record_that_cannot_be_read_is_one_line(text: str, problem: str) -> None:
    with pytest.raises(WorkspaceError, match=problem) as refused:
        parse_record(text, "r.json")
    assert "\n" not in str(refused.value)


def test_record_of_version_1_is_read_for_ever() -> None:
    known = {
        "schema_version": 1,
        "kind": "selftest",
        "created": "2026-01-02T03:04:05Z",
        "version": "0.1.0",
        "seconds": 4.2,
        "engine": "onnxruntime",
        "checks": [{"name": "greets", "outcome": "failed", "seconds": 0.1, "detail": "no"}],
        "environment": {
            "facts": {"cores": 4, "board": "Raspberry Pi 5"},
            "engines": {"onnxruntime": "1.20"},
            "state_before": {"load_1min": 0.1},
            "state_after": {},
        },
        "benchmark": {
            "latency": {
                "samples_ns": [3, 1, 2],
                "median_ns": 2.0,
                "median_low_ns": None,
                "median_high_ns": None,
                "p90_ns": None,
                "p99_ns": None,
                "maximum_ns": 3.0,
            },
            "stopped": "precise",
            "used": {"engine": "onnxruntime", "threads": 1},
            "round_trips": {},
            "upload_bytes": 4000000,
            "upload_s": [0.1, 0.1, 0.2],
            "sleep_overshoot": None,
            "interruptions": None,
        },
    }
    record = parse_record(json.dumps(known), "r.json")
    assert not record.passed
    assert record.benchmark is not None
    assert record.benchmark.latency == DistributionRecord.of([3, 1, 2])


def test_self_test_loads_no_package_that_a_target_lacks() -> None:
    script = (
        "import sys, kenning_lego.scenarios.selftest\n"
        "extra = {'onnx', 'torch', 'onnxruntime', 'pytest', 'rich', 'jinja2', 'pulp'}\n"
        "sys.exit(f'imports {extra & set(sys.modules)}' if extra & set(sys.modules) else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
