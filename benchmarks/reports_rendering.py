"""How long a record takes to become a page, how large the page is, and where its weight lies."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.bench_record import Metric
from benchmarks.reports_kinds import KINDS
from benchmarks.reports_run import LARGE, LONG, run_record
from benchmarks.samples import median
from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.reports.document.html import render_html
from kenning_lego.reports.documents import document_of

_LIMIT_S = 10.0
_LIMIT_MB = 5.0
_GROWTH_LIMIT = 3.0
"""Twice of everything may take so many times as long; a square would be four."""
_HALF = replace(
    LARGE,
    blocks=LARGE.blocks // 2,
    configurations=LARGE.configurations // 2,
    telemetry_s=LARGE.telemetry_s // 2,
    front=LARGE.front // 2,
)
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Rendered:
    """A page, and what it took from the record's file on.

    Args:
        page: where it is.
        wall_s: of the whole process.
        cpu_s: the same, user and system.
    """

    page: Path
    wall_s: float
    cpu_s: float


def saved(record: AnyRecord, directory: Path) -> Path:
    """The file of a record."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "record.json"
    path.write_text(record.model_dump_json(), encoding="utf-8")
    return path


def render(path: Path) -> Rendered:
    """Run the verb ``report`` in a fresh process.

    Raises:
        CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "kenning_lego.cli", "report", str(path)]
    before, begin = _cpu_s(), time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall_s, cpu_s = time.monotonic() - begin, _cpu_s() - before
    page = Path(done.stdout.split("report ", 1)[1].strip())
    return Rendered(page, wall_s, cpu_s)


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """The large record's figures, those of half of it, and those of every kind.

    Args:
        directory: for records and pages; the large one's are in ``large``.
        quick: one repetition of each.
    """
    repetitions = 1 if quick else 5
    metrics = []
    for name, size in {"large": LARGE, "long": LONG}.items():
        path = saved(run_record(size), directory / name)
        metrics += _large(name, path, repetitions)
    half = saved(run_record(_HALF), directory / "half")
    large = directory / "large" / "record.json"
    halves = [_phases(half).values() for _ in range(repetitions)]
    wholes = [_phases(large) for _ in range(repetitions)]
    growth = median([sum(each.values()) for each in wholes]) / median(
        [sum(each) for each in halves]
    )
    metrics.append(Metric("large_over_half_cpu", growth, "x", at_most=_GROWTH_LIMIT))
    for phase in wholes[0]:
        taken = median([each[phase] for each in wholes])
        metrics.append(Metric(f"large_cpu_{phase}", taken, "s"))
    metrics += _sections(large.with_name("report.html"))
    for kind in KINDS:
        metrics += _kind(kind, directory, repetitions)
    return metrics


def _large(name: str, path: Path, repetitions: int) -> list[Metric]:
    rendered = [render(path) for _ in range(repetitions)]
    megabytes = rendered[0].page.stat().st_size / _MB
    return [
        Metric(f"{name}_wall", median([each.wall_s for each in rendered]), "s", at_most=_LIMIT_S),
        Metric(f"{name}_cpu", median([each.cpu_s for each in rendered]), "s", at_most=_LIMIT_S),
        Metric(f"{name}_page", megabytes, "MB", at_most=_LIMIT_MB),
        Metric(f"{name}_record", path.stat().st_size / _MB, "MB"),
    ]


def _phases(path: Path) -> dict[str, float]:
    """CPU time in s of what is done for a page, in this process."""
    begin = time.process_time()
    record = open_record(path)
    opened = time.process_time()
    document = document_of(record)
    made = time.process_time()
    render_html(document)
    rendered = time.process_time()
    return {"opening": opened - begin, "document": made - opened, "html": rendered - made}


def _sections(page: Path) -> list[Metric]:
    """Weight of each section, and of the rest."""
    source = page.read_text(encoding="utf-8")
    found = re.findall(r'<section id="([^"]+)".*?</section>', source, re.DOTALL)
    weights = [
        len(each.group().encode())
        for each in re.finditer(r"<section id=.*?</section>", source, re.DOTALL)
    ]
    rest = len(source.encode()) - sum(weights)
    named = [*zip(found, weights, strict=True), ("around", rest)]
    return [Metric(f"large_section_{name}", weight / 1e3, "kB") for name, weight in named]


def _kind(kind: str, directory: Path, repetitions: int) -> list[Metric]:
    path = saved(KINDS[kind](), directory / kind)
    rendered = [render(path) for _ in range(repetitions)]
    return [
        Metric(f"{kind}_wall", median([each.wall_s for each in rendered]), "s"),
        Metric(f"{kind}_page", rendered[0].page.stat().st_size / 1e3, "kB"),
    ]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
