"""Search compilers, precisions, ratios and engines for what is fast, small and still right."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.scenarios.optimiser.configuration import OptimisationConfig
from kenning_lego.scenarios.shared_files import parse_part_of_test

NOTHING_MEASURED = 1
NOTHING_WITHIN = 3


def main(arguments: Sequence[str]) -> int:
    """Run a search from flags, a YAML file, or both; 3 if no candidate keeps the limits."""
    config = parse_part_of_test(
        OptimisationConfig,
        arguments,
        program="kenning-lego optimize",
        description=__doc__ or "",
        common=(
            "workspace",
            "model.name",
            "model.checkpoint",
            "dataset.type",
            "dataset.root",
            "compilers",
            "runtimes",
            "blocks.ratios",
            "target.address",
            "target.key",
            "target.server-key",
            "target.runtime",
            "target.threads",
            "limits.score",
            "limits.latency-ms",
            "limits.size-mb",
            "output",
        ),
        example="kenning-lego optimize scenario.yaml --limits.latency-ms 5",
    )
    # --help and wrong flags need no torch.
    from kenning_lego.scenarios.optimiser.run import run_search
    from kenning_lego.scenarios.progress import make_console

    result = run_search(config, make_console(), command=("kenning-lego", "optimize", *arguments))
    if not any(each.state == "measured" for each in result.record.candidates):
        return NOTHING_MEASURED
    return 0 if result.record.best is not None else NOTHING_WITHIN


if __name__ == "__main__":
    sys.exit(run(main))
