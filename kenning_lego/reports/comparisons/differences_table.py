"""The records, and what differs between them beside their figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kenning_lego.reports.comparisons.settings import INCIDENTAL, Setting, shortened
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.document.parts import Paragraph, Part, Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.environment import board, engine
from kenning_lego.reports.formatting import NO_BREAK
from kenning_lego.reports.origin import moment

NOT_SAID = "not said"


def records_table(sides: Sequence[Side]) -> Table:
    """Which letter stands for which record."""
    return Table(
        "records",
        (
            Column("mark", "Record", number=False),
            Column("id", "Id", number=False),
            Column("created", "Made", number=False),
            Column("network", "Network", number=False),
            Column("target", "Target", number=False),
            Column("engine", "Engine", number=False),
        ),
        (Rows(tuple(map(_record, sides))),),
        caption="Records",
        note=f"The others are compared with {sides[0].mark}.",
        style="plain",
    )


def differences(sides: Sequence[Side], settings: Sequence[Setting]) -> Section:
    """Every setting that they do not say alike."""
    parts: tuple[Part, ...]
    if settings:
        parts = (_table(sides, settings),)
    else:
        parts = (Paragraph("Nothing that the records tell differs: one repeats the other."),)
    return Section("differences", "What differs", parts, frozenset({"environment"}))


def _record(side: Side) -> tuple[Cell, ...]:
    record, target = side.record, side.target
    where = board(target.environment) if target is not None else None
    ran = engine(target.used) if target is not None else None
    why = "host" if target is None else NOT_SAID
    return (
        Cell(side.mark, side.mark, strong=True),
        Cell(record.id, record.id),
        Cell(moment(record.created).replace(" ", NO_BREAK), record.created),
        Cell(shortened(side.network), side.network),
        Cell(where and where.replace(" ", NO_BREAK), where, why=why),
        Cell(ran, ran, why=NOT_SAID),
    )


def _table(sides: Sequence[Side], settings: Sequence[Setting]) -> Table:
    groups = groupby(settings, key=lambda each: each.family)
    return Table(
        "settings",
        (
            Column("setting", "Setting", number=False),
            *(Column(each.mark, each.mark, number=False) for each in sides),
        ),
        tuple(
            Rows(tuple(_row(each) for each in several), title=_title(family))
            for family, several in groups
        ),
        note="A line for each fact or setting that is not the same in all records. Conditions, such"
        " as where files are, count as no change.",
        style="blocks",
    )


def _title(family: str) -> str:
    return "Conditions" if family == INCIDENTAL else family[:1].upper() + family[1:]


def _row(setting: Setting) -> tuple[Cell, ...]:
    return (
        Cell(setting.name, setting.name),
        *(
            Cell(
                None if value is None else shortened(value),
                value,
                why=NOT_SAID,
                strong=value is not None and value != setting.values[0],
            )
            for value in setting.values
        ),
    )
