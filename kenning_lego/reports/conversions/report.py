"""The report of a support matrix: which networks convert to which frameworks."""

from __future__ import annotations

from collections.abc import Iterator

from kenning_lego.core.conversion_records import ConversionCell, ConversionRecord, State
from kenning_lego.reports.document.parts import (
    Document,
    Heading,
    Listing,
    Paragraph,
    Part,
    ReportTypes,
    Section,
)
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import counted
from kenning_lego.reports.origin import environment, moment, reproduce

SOURCE = "conversion.json"
_LONGEST = 60
_NOT_TRIED: tuple[State, ...] = ("not_installed", "skipped")


def conversion_document(record: ConversionRecord) -> Document:
    """The report; the same record always gives the same one."""
    versions = " · ".join(f"{name} {version}" for name, version in record.versions.items())
    types: ReportTypes = frozenset({"conversion"})
    said = tuple(_failures(record))
    answer = Paragraph(conversions_said(record), "answer")
    sections = (
        Section(
            "summary",
            "Summary",
            (answer,),
            types,
            unseen=True,
        ),
        Section("matrix", "Matrix", (_table(record),), types),
        *((Section("failures", "What was said", said, types),) if said else ()),
        environment(record),
        reproduce(record),
    )
    return Document(
        kind="conversion",
        title="Which networks convert to which frameworks",
        place="",
        subject=versions,
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=sections,
    )


def conversions_said(record: ConversionRecord) -> str:
    """How many conversions there are, and what came of them."""
    converted = sum(each.state == "converted" for each in record.cells)
    left_out = sum(each.state in _NOT_TRIED for each in record.cells)
    failed = len(record.cells) - converted - left_out
    networks = counted(len(record.networks), "network")
    routes = counted(len(record.routes), "route")
    return (
        f"{networks} on {routes}: {converted} of {len(record.cells)} conversions worked,"
        f" {failed} failed, {left_out} could not be tried."
    )


def _table(record: ConversionRecord) -> Table:
    def row(network: str) -> tuple[Cell, ...]:
        cells = (_cell(record.cell(network, route.name)) for route in record.routes)
        return Cell(network, network), *cells

    return Table(
        "conversions",
        (
            Column("network", "Network", number=False),
            *(Column(each.name, each.title, number=False) for each in record.routes),
        ),
        (Rows(tuple(map(row, record.networks))),),
        note="A number is the largest difference to torch's outputs as a share of the largest of"
        f" them; up to {record.tolerance:g} it counts as converted. Exports are checked by"
        " onnx.checker, and run by the columns after them.",
        style="matrix",
    )


def _cell(cell: ConversionCell | None) -> Cell:
    if cell is None:
        return Cell(None, why="not known")
    match cell.state:
        case "converted":
            return Cell(_number(cell), cell.state)
        case "not_installed":
            return Cell(None, cell.state, why=f"not installed: {cell.problem}")
        case "skipped":
            return Cell(None, cell.state, why=cell.problem)
        case "differs":
            text = f"differs: {_number(cell)}"
            return Cell(text, cell.state, title=cell.problem, strong=True)
        case _:
            problem = cell.problem
            short = problem if len(problem) <= _LONGEST else f"{problem[: _LONGEST - 1]}…"
            return Cell(f"no: {short}", cell.state, title=problem, strong=True)


def _number(cell: ConversionCell) -> str:
    if cell.max_abs is None:
        return "yes"
    return f"yes, {cell.max_abs / (cell.scale or 1.0):.0e}"


def _failures(record: ConversionRecord) -> Iterator[Part]:
    """What failed, and what is not installed, each with all networks that it happened to."""
    found: dict[tuple[str, str], list[ConversionCell]] = {}
    for cell in record.cells:
        if cell.state not in ("converted", "skipped"):
            found.setdefault((cell.route, cell.problem), []).append(cell)
    titles = {each.name: each.title for each in record.routes}
    for (route, problem), cells in found.items():
        names = [each.network for each in cells]
        networks = "all networks" if len(names) == len(record.networks) else ", ".join(names)
        yield Heading(f"{titles.get(route, route)} ({route}): {networks}")
        yield Paragraph(problem)
        if cells[0].error:
            yield Listing(cells[0].error, summary="All of it")
