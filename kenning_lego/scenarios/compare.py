"""Say with confidence what changed between two runs; exit with 3 if something became slower."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.core.records import RunRecord, load_record

REGRESSION = 3


class CompareConfig(Component):
    """Which runs to compare, and what counts."""

    records: tuple[Path, ...] = ()
    """Two records or run directories: the earlier and the later one."""
    threshold: float = Field(default=0.02, ge=0, lt=1)
    """Share from which being slower is a regression, when even the interval's end is beyond it."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """That nothing is called different by chance, for all comparisons together."""
    across_targets: bool = False
    """Compare even what was measured on different boards or clocks."""


def main(arguments: Sequence[str]) -> int:
    """Compare two runs; 3 if there is a regression."""
    config = parse_configuration(
        CompareConfig,
        arguments,
        program="kenning-lego compare",
        description=__doc__ or "",
        positional="records",
        example="kenning-lego compare w/runs/A w/runs/B",
    )
    if len(config.records) != 2:
        raise ConfigurationError(
            f"{len(config.records)} records were named", "name two: kenning-lego compare A B"
        )
    before, after = map(_load, config.records)
    from kenning_lego.reports.comparison import compare_runs  # wrong flags need no numpy
    from kenning_lego.reports.comparison_text import comparison_text

    comparison = compare_runs(
        before,
        after,
        confidence=config.confidence,
        threshold=config.threshold,
        across_targets=config.across_targets,
    )
    output = current()
    output.answer(comparison.to_json())
    output.tell(comparison_text(comparison))
    return REGRESSION if comparison.regressed else 0


def _load(path: Path) -> RunRecord:
    return load_record(path / "record.json" if path.is_dir() else path)


if __name__ == "__main__":
    sys.exit(run(main))
