"""A support matrix as rows of short texts, and what was said of failures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.core.conversion_records import ConversionCell, ConversionRecord, State
from kenning_lego.reports.formatting import counted

_LONGEST = 60
_NOT_TRIED: tuple[State, ...] = ("not_installed", "skipped")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell for people.

    Args:
        text: short.
        state: what became of it; None where nothing is known.
        title: the whole problem in a line; empty if there is none.
    """

    text: str
    state: State | None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, with whatever it happened to.

    Args:
        where: route and networks.
        problem: in a line.
        error: all that was said; the first network's.
    """

    where: str
    problem: str
    error: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table, what to say above it, and the failures below.

    Args:
        said: how many conversions there are, and what came of them.
        note: what a number in a cell means.
        header: titles of the columns.
        rows: a network and its cells.
        failures: every kind once.
    """

    said: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    failures: tuple[Failure, ...]


def matrix(record: ConversionRecord) -> Matrix:
    """The matrix of a record."""
    return Matrix(
        said=_said(record),
        note=(
            "A number is the largest difference to torch's outputs as a share of the largest of"
            f" them; up to {record.tolerance:g} it counts as converted. Exports are checked by"
            " onnx.checker, and run by the columns after them."
        ),
        header=("Network", *(each.title for each in record.routes)),
        rows=tuple(
            (
                network,
                tuple(_cell(record.cell(network, route.name)) for route in record.routes),
            )
            for network in record.networks
        ),
        failures=tuple(_failures(record)),
    )


def _said(record: ConversionRecord) -> str:
    converted = sum(each.state == "converted" for each in record.cells)
    left_out = sum(each.state in _NOT_TRIED for each in record.cells)
    failed = len(record.cells) - converted - left_out
    networks = counted(len(record.networks), "network")
    routes = counted(len(record.routes), "route")
    return (
        f"{networks} on {routes}: {converted} of {len(record.cells)} conversions worked,"
        f" {failed} failed, {left_out} could not be tried."
    )


def _cell(cell: ConversionCell | None) -> Cell:
    if cell is None:
        return Cell("—", None)
    match cell.state:
        case "converted":
            return Cell(_number(cell), cell.state)
        case "not_installed":
            return Cell("not installed", cell.state, cell.problem)
        case "skipped":
            return Cell("—", cell.state, cell.problem)
        case "differs":
            return Cell(f"differs: {_number(cell)}", cell.state, cell.problem)
        case _:
            problem = cell.problem
            short = problem if len(problem) <= _LONGEST else f"{problem[: _LONGEST - 1]}…"
            return Cell(f"no: {short}", cell.state, problem)


def _number(cell: ConversionCell) -> str:
    if cell.max_abs is None:
        return "yes"
    return f"yes, {cell.max_abs / (cell.scale or 1.0):.0e}"


def _failures(record: ConversionRecord) -> Iterator[Failure]:
    """What failed, and what is not installed, each with all networks that it happened to."""
    found: dict[tuple[str, str], list[ConversionCell]] = {}
    for cell in record.cells:
        if cell.state not in ("converted", "skipped"):
            found.setdefault((cell.route, cell.problem), []).append(cell)
    titles = {each.name: each.title for each in record.routes}
    for (route, problem), cells in found.items():
        names = [each.network for each in cells]
        networks = "all networks" if len(names) == len(record.networks) else ", ".join(names)
        yield Failure(f"{titles.get(route, route)} ({route}): {networks}", problem, cells[0].error)
