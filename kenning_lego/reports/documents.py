"""The report of any record."""

from __future__ import annotations

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.conversions.report import conversion_document
from kenning_lego.reports.document.parts import Document
from kenning_lego.reports.exports.report import export_document
from kenning_lego.reports.loads.report import load_document
from kenning_lego.reports.optimisations.report import optimisation_document
from kenning_lego.reports.pipelines.report import pipelines_document
from kenning_lego.reports.run.report import run_document
from kenning_lego.reports.selections.report import selection_document
from kenning_lego.reports.trainings.report import training_document


def document_of(record: AnyRecord) -> Document:
    """The report of a record; the same record always gives the same one."""
    match record:
        case RunRecord():
            return run_document(record)
        case PipelinesRecord():
            return pipelines_document(record)
        case OptimisationRecord():
            return optimisation_document(record)
        case ConversionRecord():
            return conversion_document(record)
        case LoadRecord():
            return load_document(record)
        case TrainingRecord():
            return training_document(record)
        case SelectionRecord():
            return selection_document(record)
        case ExportRecord():
            return export_document(record)
