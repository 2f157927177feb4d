"""The report of any record."""

from __future__ import annotations

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.errors import UsageError
from kenning_lego.core.opening import AnyRecord, kind_of
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.conversions.report import conversion_document
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.optimisations.report import optimisation_document
from kenning_lego.reports.pipelines.report import pipelines_document
from kenning_lego.reports.run.report import run_document


def document_of(record: AnyRecord) -> Document:
    """The report of a record; the same record always gives the same one.

    Raises:
        UsageError: there are no reports of such records.
    """
    match record:
        case RunRecord():
            return run_document(record)
        case PipelinesRecord():
            return pipelines_document(record)
        case OptimisationRecord():
            return optimisation_document(record)
        case ConversionRecord():
            return conversion_document(record)
        case _:
            raise UsageError(
                f"there are no reports of {KINDS[kind_of(record)].of}",
                "`kenning-lego results show` prints what the record holds",
            )
