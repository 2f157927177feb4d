"""The fronts of tested networks: kept in their workspaces, printed, and written as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from kenning_lego.scenarios.online.fronts import front_once
from kenning_lego.scenarios.selecting.asking import Asked
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Choice
from kenning_lego.store.atomic import write_bytes, write_json

MOST_POINTS = 100_000
"""Beyond, the front is one with a gap, which is told."""

Fronts = Mapping[str, Front]


def fronts_of(asked: Sequence[Asked]) -> dict[str, Front]:
    """The front of every network, by its name; found in its workspace if it is there."""
    return {
        each.name: front_once(each.tested.workspace, each.tested.problem, max_points=MOST_POINTS)
        for each in asked
    }


def print_front(console: Console, asked: Asked, front: Front, rows: int) -> None:
    """Some of the points, evenly along the front and with both ends."""
    exact = f"within {front.gap:g} of every configuration" if front.gap else "exact"
    table = Table(
        title=f"Front of {asked.name}: {len(front):,} configurations, {exact}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for heading in ("score", "latency ms", "memory MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("% removed from its blocks", no_wrap=True)
    ratios = {v.name: v.ratio for s in asked.tested.record.segments for v in s.variants}
    for place in thinned(front, rows):
        choice = front[place]
        score = asked.tested.predictor.score(choice.accuracy_cost)
        table.add_row(
            "—" if score is None else f"{score:.2%}",
            f"{choice.latency_ms:.3f}",
            f"{choice.memory_bytes / 1e6:,.2f}",
            " ".join(f"{ratios[name] * 100:.0f}" for name in choice.variants.values()),
        )
    console.print()
    console.print(table)
    console.print()


def thinned(front: Front, rows: int) -> list[int]:
    """The places of so many points at most: the best one for budgets on latency, evenly spread.

    Neighbours in the order of accuracy cost may be fast and large or slow and small. So the points
    that are undominated in accuracy cost and latency alone are what a table runs through.
    """
    fastest = np.minimum.accumulate(front.latencies)
    steps = np.flatnonzero(np.concatenate(([True], front.latencies[1:] < fastest[:-1])))
    chosen = np.linspace(0, len(steps) - 1, min(rows, len(steps))).round().astype(np.int64)
    return [int(place) for place in steps[np.unique(chosen)]]


def write_fronts(directory: Path, asked: Sequence[Asked], fronts: Fronts) -> dict[str, str]:
    """Write every front as CSV and as JSON; returns the files by name.

    Raises:
        StoreError: one cannot be written.
    """
    written = {}
    for each in asked:
        if each.name not in fronts:
            continue
        front = fronts[each.name]
        stem = "front" if len(asked) == 1 else f"front-{each.name}"
        table, content = directory / f"{stem}.csv", directory / f"{stem}.json"
        write_bytes(table, _csv(each, front).encode())
        write_json(content, _json(each, front))
        written[table.name], written[content.name] = str(table), str(content)
    return written


def _csv(asked: Asked, front: Front) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    blocks = [block.name for block in front.problem.blocks]
    writer.writerow(["score", "accuracy_cost", "latency_ms", "memory_bytes", "energy_mj", *blocks])
    for choice in front:
        writer.writerow([*_figures(asked, choice), *choice.variants.values()])
    return text.getvalue()


def _json(asked: Asked, front: Front) -> dict[str, object]:
    columns = [
        list(column) for column in zip(*(_figures(asked, each) for each in front), strict=True)
    ]
    score, cost, latency, memory, energy = columns
    return {
        "schema_version": 1,
        "kind": "front",
        "network": asked.name,
        "run": asked.tested.record.id,
        "gap": front.gap,
        "blocks": {
            block.name: [option.variant for option in block.options]
            for block in front.problem.blocks
        },
        "score": score,
        "accuracy_cost": cost,
        "latency_ms": latency,
        "memory_bytes": memory,
        "energy_mj": energy,
        "options": front.options.tolist(),
    }


def _figures(asked: Asked, choice: Choice) -> Iterator[float | int | None]:
    yield asked.tested.predictor.score(choice.accuracy_cost)
    yield choice.accuracy_cost
    yield choice.latency_ms
    yield choice.memory_bytes
    yield choice.energy_mj
