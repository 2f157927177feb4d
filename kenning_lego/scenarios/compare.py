"""Say with confidence what changed between runs; exit with 3 if something became slower."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.opening import open_record
from kenning_lego.core.output import current

REGRESSION = 3
_FEWEST = 2


class CompareConfig(Component):
    """Which records to compare, and what counts."""

    records: tuple[Path, ...] = ()
    """Two runs, the earlier and the later one, or up to eight, of which the first is compared with
    each other one: directories, records in them, or ids as `results` lists them."""
    threshold: float = Field(default=0.02, ge=0, lt=1)
    """Share from which being slower is a regression, when even the interval's end is beyond it."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """That nothing is called different by chance, for all comparisons together."""
    across_targets: bool = False
    """Compare even what was measured on different boards or clocks."""
    html: Path | None = None
    """Directory to write comparison.html into."""
    format: Literal["text", "json", "junit", "github", "markdown"] = "text"
    """For people and programs, or continuous integration: JUnit XML, GitHub annotations (which add
    to $GITHUB_STEP_SUMMARY too), Markdown."""
    output: Path | None = None
    """File to write that to, instead of printing it."""


def main(arguments: Sequence[str]) -> int:
    """Compare records; 3 if there is a regression."""
    config = parse_configuration(
        CompareConfig,
        arguments,
        program="kenning-lego compare",
        description=__doc__ or "",
        positional="records",
        example="kenning-lego compare A B --format junit --output compare.xml",
    )
    if len(config.records) < _FEWEST:
        named = "one record was" if config.records else "no records were"
        raise ConfigurationError(f"{named} named", "name two: kenning-lego compare A B")
    # Wrong flags need no numpy.
    from kenning_lego.reports.comparisons.comparison import compare_records
    from kenning_lego.reports.comparisons.text import comparison_text
    from kenning_lego.scenarios.comparing import Found, tell, titled
    from kenning_lego.scenarios.keeping.results import run_path

    records = [open_record(run_path(str(each))) for each in config.records]
    comparisons = compare_records(
        records,
        confidence=config.confidence,
        threshold=config.threshold,
        across_targets=config.across_targets,
    )
    found = Found(
        titled(comparisons), comparison_text(comparisons), comparisons.to_json(), records[-1]
    )
    tell(found, config.format, config.output)
    if config.html is not None:
        from kenning_lego.reports.comparisons.report import comparison_document
        from kenning_lego.reports.write import write_document

        current().wrote("report", write_document(comparison_document(comparisons), config.html))
    return REGRESSION if comparisons.regressed else 0


if __name__ == "__main__":
    sys.exit(run(main))
