"""The report of an export: the file, what it computes, what to expect of it."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.records import ScoreRecord, TensorRecord
from kenning_lego.reports.document.parts import (
    Columns,
    Document,
    Fact,
    Facts,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    ReportTypes,
    Section,
)
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import (
    TIMES,
    counted,
    integer,
    milliseconds,
    significant,
    size,
)
from kenning_lego.reports.origin import moment, reproduce
from kenning_lego.reports.quality import Quality

SOURCE = "export.json"


def export_document(record: ExportRecord) -> Document:
    """The report; the same record always gives the same one."""
    return Document(
        kind="export",
        title=record.file,
        place="",
        subject=f"{record.configuration} of {record.network}",
        id=record.run,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record)),
    )


def _sections(record: ExportRecord) -> Iterator[Section]:
    types: ReportTypes = frozenset({"conversion"})
    yield _summary(record)
    yield Section("interface", "Inputs and outputs", (_tensors(record),), types)
    if record.variants:
        yield Section("variants", "Variants", (_variants(record),), types)
    yield Section("file", "The file", (_file(record),), types)
    yield reproduce(record, (Fact("run", record.run),))


def _summary(record: ExportRecord) -> Section:
    predicted, measured = record.predicted or ScoreRecord(), record.measured or ScoreRecord()
    quality = Quality.named(record.metric, [predicted.score, measured.score])
    gap = significant(record.artifact.gap_max_abs, 2)
    answer = (
        f"{record.file} computes configuration “{record.configuration}” of {record.network}; its"
        f" outputs differ from those of the chain of segments by at most {gap}."
    )
    latency, score = measured.latency_ms, measured.score
    figures = (
        KeyFigure("Size", size(record.artifact.size_bytes), record.artifact.format),
        KeyFigure(
            "Latency as a chain",
            milliseconds(latency if latency is not None else predicted.latency_ms),
            _how(latency, predicted.latency_ms),
        ),
        KeyFigure(
            quality.name,
            quality.score(score if score is not None else predicted.score),
            _how(score, predicted.score),
        ),
        KeyFigure("Largest difference", gap, "to the chain of segments"),
    )
    parts = (Paragraph(answer, "answer"), KeyFigures(figures))
    return Section("summary", "Summary", parts, frozenset({"summary", "conversion"}), unseen=True)


def _how(measured: float | None, predicted: float | None) -> str:
    if measured is not None:
        return "measured on the test's target"
    return "" if predicted is None else "predicted, not measured"


def _tensors(record: ExportRecord) -> Table:
    def row(kind: str, tensor: TensorRecord) -> tuple[Cell, ...]:
        shape = TIMES.join(map(str, tensor.shape)) or "scalar"
        return (
            Cell(tensor.name, tensor.name),
            Cell(kind, kind),
            Cell(shape, shape),
            Cell(tensor.dtype, tensor.dtype),
        )

    rows = [*(row("input", each) for each in record.inputs)]
    rows += [row("output", each) for each in record.outputs]
    return Table(
        "tensors",
        (
            Column("tensor", "Tensor", number=False),
            Column("kind", "Kind", number=False),
            Column("shape", "Shape", number=False),
            Column("dtype", "Type", number=False),
        ),
        (Rows(tuple(rows)),),
    )


def _variants(record: ExportRecord) -> Table:
    rows = tuple(
        (Cell(block, block), Cell(name.rpartition("@")[2], name, title=name))
        for block, name in record.variants.items()
    )
    return Table(
        "exported-variants",
        (Column("block", "Block", number=False), Column("variant", "Variant", number=False)),
        (Rows(rows),),
    )


def _file(record: ExportRecord) -> Columns:
    artifact = record.artifact
    facts = (
        Fact("format", artifact.format),
        Fact("precision", artifact.precision),
        Fact("bytes", integer(artifact.size_bytes)),
        Fact("sha256", artifact.digest),
        Fact("compiler", f"{artifact.compiler} {artifact.compiler_version}".strip()),
    )
    gaps = (
        Fact("largest absolute difference", significant(artifact.gap_max_abs, 2)),
        Fact("root mean square", significant(artifact.gap_rmse, 2)),
        Fact("cosine", significant(artifact.gap_cosine, 6)),
        Fact("compared on", _samples(artifact.gap_samples)),
    )
    heading = Heading("Against the chain of segments")
    return Columns(((Heading("The file"), Facts(facts)), (heading, Facts(gaps))))


def _samples(number: int | None) -> str | None:
    return None if number is None else counted(number, "sample")
