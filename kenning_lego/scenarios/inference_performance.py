"""Measure a network on this host, in torch and as compiled: the reference for a target."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.scenarios.baseline.configuration import BaselineConfig
from kenning_lego.scenarios.shared_files import parse_part_of_test


def main(arguments: Sequence[str]) -> int:
    """Run the baseline scenario from flags, a YAML file, or both."""
    config = parse_part_of_test(
        BaselineConfig,
        arguments,
        program="kenning-lego baseline",
        description=__doc__ or "",
        common=(
            "workspace",
            "model.name",
            "model.checkpoint",
            "dataset.type",
            "dataset.root",
            "compilers",
            "runtimes",
            "threads",
            "measurement.max-seconds",
            "strict",
        ),
        example="kenning-lego baseline --workspace w --model.name resnet18-digits",
    )
    # --help and wrong flags need no torch.
    from kenning_lego.scenarios.baseline.run import run_baseline
    from kenning_lego.scenarios.progress import make_console
    from kenning_lego.scenarios.tester.judging import trusted

    command = ("kenning-lego", "baseline", *arguments)
    result = run_baseline(config, make_console(), command=command)
    return 3 if config.strict and not trusted(result.record) else 0


if __name__ == "__main__":
    sys.exit(run(main))
