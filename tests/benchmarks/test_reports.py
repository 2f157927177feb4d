"""The records by which reports are measured are as large as they are said to be."""

from __future__ import annotations

from benchmarks.reports_kinds import KINDS
from benchmarks.reports_run import LARGE, LONG, SMALL, run_record
from kenning_lego.core.opening import kind_of
from kenning_lego.reports.documents import document_of


def test_the_large_record_has_500_variants_and_a_million_samples() -> None:
    record = run_record(LARGE)
    blocks = [each for each in record.segments if each.scalable]
    assert sum(len(each.variants) for each in blocks) == 500
    assert sum(len(each.samples_ns) for each in record.measurements) == 1_000_000


def test_the_long_record_has_as_many_samples() -> None:
    record = run_record(LONG)
    assert sum(len(each.samples_ns) for each in record.measurements) == 1_000_000


def test_the_same_record_is_made_each_time() -> None:
    assert run_record(SMALL) == run_record(SMALL)


def test_there_is_a_record_for_every_kind_of_document() -> None:
    records = {kind: make() for kind, make in KINDS.items()}
    assert {kind: document_of(record).kind for kind, record in records.items()} == {
        kind: kind for kind in KINDS
    }
    assert len({kind_of(record) for record in records.values()}) == len(KINDS)
