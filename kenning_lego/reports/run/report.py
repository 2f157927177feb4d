"""The report of a run."""

from __future__ import annotations

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.board.section import board_over_time
from kenning_lego.reports.document.parts import Document, Fact, Section
from kenning_lego.reports.environment import board, engine
from kenning_lego.reports.formatting import count, integer
from kenning_lego.reports.graph.section import network_graph
from kenning_lego.reports.origin import environment, moment, reproduce
from kenning_lego.reports.run.block_table import blocks
from kenning_lego.reports.run.classification import classification
from kenning_lego.reports.run.composition import composition
from kenning_lego.reports.run.configuration_table import configurations
from kenning_lego.reports.run.distributions import distributions
from kenning_lego.reports.run.energy import energy
from kenning_lego.reports.run.findings import Findings, findings_of
from kenning_lego.reports.run.mixing import mixing
from kenning_lego.reports.run.overview import summary
from kenning_lego.reports.run.predictions import predictions
from kenning_lego.reports.run.sections import (
    confusion_matrices,
    latency,
    trade_offs,
)
from kenning_lego.reports.run.timings import timings_of

SOURCE = "record.json"


def run_document(record: RunRecord) -> Document:
    """The report of a run; the same record always gives the same one."""
    findings = findings_of(record, timings_of(record))
    return Document(
        kind="run",
        title=record.network.name,
        place=board(record.target.environment) or "",
        subject=_subject(record),
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=_sections(findings),
    )


def _sections(findings: Findings) -> tuple[Section, ...]:
    record = findings.record
    sections = (
        summary(findings),
        configurations(findings),
        mixing(record),
        classification(findings, confusion_matrices(findings)),
        trade_offs(findings),
        predictions(findings),
        composition(findings),
        network_graph(findings),
        latency(findings),
        blocks(findings),
        distributions(findings),
        energy(findings),
        board_over_time(record.telemetry, SOURCE),
        environment(record, record.target, record.durations_s),
        reproduce(record, (_dataset(record),)),
    )
    return tuple(each for each in sections if each is not None)


def _subject(record: RunRecord) -> str:
    network = record.network
    counts = {"parameters": network.parameters, "FLOPs": network.flops}
    known = [f"{count(number)} {what}" for what, number in counts.items() if number is not None]
    size = ", ".join(known) or "a file as it is"
    ran = engine(record.target.used)
    return " · ".join(filter(None, (size, network.dataset, ran)))


def _dataset(record: RunRecord) -> Fact:
    network = record.network
    parts = ", ".join(f"{integer(size)} {part}" for part, size in network.samples.items())
    return Fact("dataset", f"{network.dataset}: {parts}" if parts else network.dataset)
