"""Say with confidence what changed between runs; exit with 3 if something became slower."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.optimisation_records import load_optimisation_record
from kenning_lego.core.pipeline_records import load_pipelines_record
from kenning_lego.core.records import load_record
from kenning_lego.core.run_headers import OriginRecord, kind_of, read_json
from kenning_lego.core.training_records import load_training_record

REGRESSION = 3
_FEWEST = 2

_LOADERS: Mapping[str, Callable[[Path], OriginRecord]] = {
    "run": load_record,
    "optimisation": load_optimisation_record,
    "pipelines": load_pipelines_record,
    "training": load_training_record,
    "load": lambda path: LoadRecord.model_validate(read_json(path)),
}


class CompareConfig(Component):
    """Which records to compare, and what counts."""

    records: tuple[Path, ...] = ()
    """Two records or run directories, the earlier and the later one; or up to eight, of which the
    others are compared with the first."""
    threshold: float = Field(default=0.02, ge=0, lt=1)
    """Share from which being slower is a regression, when even the interval's end is beyond it."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """That nothing is called different by chance, for all comparisons together."""
    across_targets: bool = False
    """Compare even what was measured on different boards or clocks."""
    html: Path | None = None
    """Directory to write comparison.html into."""
    json_: bool = Field(default=False, alias="json")
    """Print JSON."""


def main(arguments: Sequence[str]) -> int:
    """Compare records; 3 if there is a regression."""
    config = parse_configuration(
        CompareConfig,
        arguments,
        program="kenning-lego compare",
        description=__doc__ or "",
        positional="records",
    )
    if len(config.records) < _FEWEST:
        raise ConfigurationError(
            f"{len(config.records)} records were named", "name two: kenning-lego compare A B"
        )
    records = [_load(each) for each in config.records]
    from kenning_lego.reports.comparisons.comparison import (
        compare_records,  # wrong flags need no numpy
    )
    from kenning_lego.reports.comparisons.text import comparison_text

    comparisons = compare_records(
        records,
        confidence=config.confidence,
        threshold=config.threshold,
        across_targets=config.across_targets,
    )
    if config.json_:
        print(json.dumps(comparisons.to_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        print(comparison_text(comparisons))
    if config.html is not None:
        from kenning_lego.reports.comparisons.report import comparison_document
        from kenning_lego.reports.write import write_document

        page = write_document(comparison_document(comparisons), config.html)
        print(f"report {page}", file=sys.stderr)
    return REGRESSION if comparisons.regressed else 0


def _load(path: Path) -> OriginRecord:
    path = path / "record.json" if path.is_dir() else path
    return _LOADERS.get(kind_of(path), load_record)(path)


if __name__ == "__main__":
    sys.exit(run(main))
