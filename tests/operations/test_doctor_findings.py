"""Each fact that matters for a measurement is a finding with a remedy, and others are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kenning_lego.core.plans import Observation, TargetDescription
from kenning_lego.operations.doctor.facts import (
    AbsentSensor,
    Accelerator,
    BusyProcess,
    DoctorReport,
    Facts,
    Finding,
    Sensor,
    Severity,
)
from kenning_lego.operations.doctor.findings import find, verdict
from kenning_lego.operations.doctor.remote import findings_of
from kenning_lego.operations.doctor.report import as_text, last_word, make_report
from kenning_lego.protocols.results import Welcome
from tests.operations.facts import ENGINE, PERFECT, POLICY, but


def with_(**changes: object) -> Facts:
    return PERFECT.model_copy(update=changes)


def test_perfect_board_has_nothing_to_improve() -> None:
    findings = find(PERFECT)
    assert verdict(findings) in ("ok", "info")
    assert last_word(findings) == "ready to measure"
    assert {each.area for each in findings} >= {"software", "engine", "clock", "frequency", "load"}


CASES: list[tuple[Facts, Severity, str, str]] = [
    (but("software", missing=("pyzmq",)), "problem", "packages are missing: pyzmq", "pip install"),
    (but("software", curve=None), "problem", "ZeroMQ cannot be imported", "reinstall pyzmq"),
    (but("software", curve=False), "improve", "without encryption", "only-binary"),
    (but("software", shared_memory=False), "problem", "memfd", "Linux 3.17"),
    (with_(engines=()), "problem", "no engine is installed", "kenning-lego[onnxruntime]"),
    (
        with_(engines=(ENGINE.model_copy(update={"problem": "importing it was ended by SIGILL"}),)),
        "problem",
        "onnxruntime 1.20.0: importing it was ended by SIGILL",
        "reinstall onnxruntime",
    ),
    (
        with_(engines=(ENGINE, ENGINE.model_copy(update={"package": "onnxruntime-gpu"}))),
        "improve",
        "onnxruntime and onnxruntime-gpu share one folder",
        "pip uninstall onnxruntime onnxruntime-gpu",
    ),
    (
        with_(engines=(ENGINE, ENGINE.model_copy(update={"name": "torch", "supported": False}))),
        "info",
        "artifacts do not run on it",
        "",
    ),
    (but("machine", container="docker"), "info", "container (docker)", ""),
    (but("machine", virtual_machine="kvm"), "improve", "virtual machine (kvm)", "itself"),
    (but("machine", usable_cores=2), "info", "2 of 4 cores", ""),
    (but("machine", available_bytes=100_000_000), "improve", "only 100 MB", "end what else"),
    (
        but("clock", source="hpet", available=("hpet", "tsc")),
        "improve",
        "hpet: steps",
        "boot with clocksource=tsc",
    ),
    (but("clock", resolution_ns=4_000_000), "improve", "steps of 4000000 ns", "kernel's log"),
    (but("clock", resolution_ns=None), "improve", "no step was seen", "kernel's log"),
    (but("clock", cost_ns=1500.0), "improve", "1500 ns a reading", "kernel's log"),
    (with_(frequency=()), "info", "does not control frequencies", ""),
    (
        with_(frequency=(POLICY.model_copy(update={"governor": "ondemand"}),)),
        "improve",
        "governor ondemand: frequencies change",
        'sudo "$(command -v kenning-lego)" tune',
    ),
    (
        with_(frequency=(POLICY.model_copy(update={"max_khz": 1_800_000}),)),
        "info",
        "policy0 is limited to 1.80 of 2.40 GHz",
        "",
    ),
    (but("power", turbo=True), "info", "turbo frequencies are allowed", "--no-turbo"),
    (but("power", mode="7W", nvpmodel=True), "improve", "power mode 7W has a budget", "tune"),
    (but("power", mode="MAXN", nvpmodel=True), "ok", "power mode MAXN", ""),
    (but("power", nvpmodel=True), "info", "nvpmodel does not tell", ""),
    (but("power", tuned="2026-01-02T03:04:05Z"), "info", "since 2026-01-02", "tune --reset"),
    (but("memory", swap_used_bytes=80_000_000), "improve", "80 MB are swapped out", "swapoff"),
    (
        but("load", others=1.3, busiest=(BusyProcess(name="chromium", share=1.2),)),
        "improve",
        "other programs take 130% of a core: chromium 120%",
        "end them",
    ),
    (
        with_(sensors=(Sensor(name="cpu_percent.all", value=45.0),)),
        "improve",
        "1.8 cores are busy with what cannot be seen from here",
        "outside",
    ),
    (
        with_(accelerators=(Accelerator(name="Hailo", kind="npu", driver="hailo"),)),
        "info",
        "Hailo, driver hailo",
        "",
    ),
    (
        with_(absent_sensors=(AbsentSensor(name="temperature", why="no thermal zone"),)),
        "info",
        "no temperature: nobody will know",
        "",
    ),
    (
        with_(sensors=(Sensor(name="throttled_before.under-voltage", value=1.0),)),
        "improve",
        "throttled_before.under-voltage is 1",
        "power supply",
    ),
    (but("storage", free_bytes=100_000_000), "improve", "0.1 GB free", "--store"),
]


@pytest.mark.parametrize(("facts", "severity", "what", "remedy"), CASES, ids=lambda each: str(each))
def test_finding(facts: Facts, severity: Severity, what: str, remedy: str) -> None:
    (found,) = [each for each in find(facts) if what in each.what]
    assert found.severity == severity
    assert remedy in found.remedy
    if severity in ("improve", "problem"):
        assert found.remedy
    assert found not in find(PERFECT)


def test_verdict_is_that_of_the_most_severe() -> None:
    assert verdict(find(with_(engines=()))) == "problem"
    assert verdict(find(but("machine", virtual_machine="kvm"))) == "improve"
    assert verdict([]) == "ok"


def test_report_is_json_that_reads_back() -> None:
    report = make_report(PERFECT, lambda text: text)
    text = json.dumps(report.model_dump(mode="json"))
    assert DoctorReport.model_validate_json(text) == report
    assert json.loads(text)["schema_version"] == 1


def test_report_of_version_1_is_read_for_ever() -> None:
    known = {
        "schema_version": 1,
        "kind": "doctor",
        "created": "2026-01-02T03:04:05Z",
        "verdict": "ok",
        "facts": {
            "software": {
                "version": "0.1.0",
                "python": "3.11.2",
                "packages": {"pyzmq": "26.0"},
                "missing": [],
                "curve": True,
                "shared_memory": True,
            },
            "machine": {
                "architecture": "aarch64",
                "kernel": "6.6",
                "system": None,
                "board": "Raspberry Pi 5",
                "cpu": None,
                "cores": 4,
                "usable_cores": 4,
                "memory_bytes": 8,
                "available_bytes": 7,
                "container": None,
                "virtual_machine": None,
            },
            "clock": {"source": "tsc", "available": ["tsc"], "resolution_ns": 1, "cost_ns": 40.5},
            "frequency": [],
            "power": {
                "turbo": None,
                "mode": None,
                "mode_number": None,
                "nvpmodel": False,
                "jetson_clocks": False,
                "tuned": None,
            },
            "memory": {"swap_bytes": 0, "swap_used_bytes": 0, "compressed": False},
            "load": {"average": [0.0, 0.0, 0.0], "seconds": 1.0, "others": 0.0, "busiest": []},
            "engines": [],
            "accelerators": [],
            "sensors": [{"name": "temperature_c.cpu", "value": 40.0}],
            "absent_sensors": [{"name": "energy", "why": "no counter"}],
            "storage": None,
            "host_name": None,
        },
        "findings": [{"area": "clock", "severity": "ok", "what": "tsc", "remedy": ""}],
    }
    assert DoctorReport.model_validate_json(json.dumps(known)).facts.machine.cores == 4


def test_text_keeps_commands_whole_and_wraps_the_rest() -> None:
    long = Finding(
        area="load", severity="improve", what="word " * 40, remedy="a command " * 12 + "end"
    )
    report = make_report(PERFECT, str).model_copy(update={"findings": (long,)})
    lines = as_text(report, width=60).splitlines()
    assert all(len(line) <= 60 for line in lines if "word" in line)
    assert any(line.strip() == f"-> {long.remedy}" for line in lines)
    assert "\x1b" not in "".join(lines)
    assert "\x1b[33m" in as_text(report, colour=True)


def test_text_shows_sensors_and_what_is_not_there() -> None:
    facts = with_(absent_sensors=(AbsentSensor(name="energy", why="no counter"),))
    text = as_text(make_report(facts, str))
    assert "temperature_c.cpu-thermal" in text
    assert "48.3" in text
    assert "energy           no counter" in text
    assert text.startswith("Raspberry Pi 5 Model B Rev 1.0, Cortex-A76, 4 cores")


# A target's own word


def welcome(software: str = "0.0.1", **description: Any) -> Welcome:
    return Welcome(1, software, ("plan",), TargetDescription(**description))


def test_target_of_another_version_without_engine_is_told() -> None:
    findings = findings_of(welcome(), Observation())
    assert verdict(findings) == "problem"
    whats = [each.what for each in findings if each.remedy]
    assert any("kenning-lego 0.0.1" in what for what in whats)
    assert any("no engine" in what for what in whats)


def test_target_that_is_in_use_says_by_whom() -> None:
    told = welcome(
        facts={"board": "Pi"}, engines={"onnxruntime": "1.2"}, state={"governor": "ondemand"}
    )
    findings = findings_of(told, Observation(holder="lab", held_s=12.4, waiting=2))
    assert any(each.what == "lab measures there since 12 s, 2 wait" for each in findings)
    assert any(each.what == "onnxruntime 1.2" and each.severity == "ok" for each in findings)
    assert any(each.area == "frequency" and "ondemand" in each.what for each in findings)
