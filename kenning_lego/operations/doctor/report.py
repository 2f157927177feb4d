"""The doctor's report: for people in a terminal, and as JSON for bug reports and programs."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Mapping

from kenning_lego.operations.doctor.facts import DoctorReport, Facts, Finding, Severity
from kenning_lego.operations.doctor.findings import SEVERITIES, find, verdict
from kenning_lego.operations.doctor.privacy import Clean, cleaned

_COLOURS: Mapping[Severity, str] = {"ok": "32", "info": "36", "improve": "33", "problem": "31"}
_SENSORS_SHOWN = 40
_MARK_WIDTH, _AREA_WIDTH = 8, 12


def make_report(facts: Facts, clean: Clean) -> DoctorReport:
    """Findings and verdict for these facts, with nothing private in them."""
    findings = find(facts)
    report = DoctorReport(
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        verdict=verdict(findings),
        facts=facts.model_copy(update={"host_name": None}),
        findings=findings,
    )
    shown = DoctorReport.model_validate(cleaned(report.model_dump(mode="json"), clean))
    # The one name that was asked for.
    named = shown.facts.model_copy(update={"host_name": facts.host_name})
    return shown.model_copy(update={"facts": named})


def as_text(report: DoctorReport, *, width: int = 80, colour: bool = False) -> str:
    """For people: who this is, every finding with its remedy, the sensors, and a last word."""
    lines = [_title(report.facts), ""]
    lines += findings_as_text(report.findings, width=width, colour=colour)
    lines += _sensors(report.facts, width)
    return "\n".join([*lines, "", last_word(report.findings)])


def findings_as_text(
    findings: tuple[Finding, ...], *, width: int = 80, colour: bool = False
) -> list[str]:
    """Lines for findings, each with its remedy below it."""
    return [line for each in findings for line in _finding(each, width, colour=colour)]


def last_word(findings: tuple[Finding, ...]) -> str:
    """How many findings there are of each kind that calls for something."""
    counts = {each: sum(f.severity == each for f in findings) for each in SEVERITIES}
    if counts["problem"]:
        plural = "s" if counts["problem"] > 1 else ""
        return f"{counts['problem']} problem{plural} to solve before this can be a target"
    if counts["improve"]:
        return f"ready, with {counts['improve']} to improve for latencies that can be believed"
    return "ready to measure"


def _title(facts: Facts) -> str:
    machine = facts.machine
    name = machine.board or machine.cpu or machine.architecture
    cpu = f", {machine.cpu}" if machine.board and machine.cpu else ""
    system = f", {machine.system}" if machine.system else ""
    host = f"{facts.host_name}: " if facts.host_name else ""
    return f"{host}{name}{cpu}, {machine.cores} cores{system}, Linux {machine.kernel}"


def _finding(finding: Finding, width: int, *, colour: bool) -> Iterator[str]:
    mark = f"{finding.severity:<{_MARK_WIDTH}}"
    if colour:
        mark = f"\x1b[{_COLOURS[finding.severity]}m{mark}\x1b[0m"
    indent = " " * (_MARK_WIDTH + _AREA_WIDTH)
    room = max(30, width - len(indent))
    first, *rest = textwrap.wrap(finding.what, room, break_on_hyphens=False) or [""]
    yield f"{mark}{finding.area:<{_AREA_WIDTH}}{first}"
    for line in rest:
        yield f"{indent}{line}"
    if finding.remedy:
        # Not wrapped: it may be a command to copy.
        yield f"{indent}-> {finding.remedy}"


def _sensors(facts: Facts, width: int) -> Iterator[str]:
    if facts.sensors:
        yield ""
        yield "sensors"
        for sensor in facts.sensors[:_SENSORS_SHOWN]:
            yield f"  {sensor.name:<44} {sensor.value:g}"
        if len(facts.sensors) > _SENSORS_SHOWN:
            yield f"  and {len(facts.sensors) - _SENSORS_SHOWN} more, in --json"
    if facts.absent_sensors:
        yield ""
        yield "not here"
        for absent in facts.absent_sensors:
            room = max(30, width - 19)
            first, *rest = textwrap.wrap(absent.why, room, break_on_hyphens=False) or [""]
            yield f"  {absent.name:<16} {first}"
            yield from (f"{'':19}{line}" for line in rest)
