"""Run tested networks on a target that adapts them while their budgets change."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.online.configuration import AdaptConfig


def main(arguments: Sequence[str]) -> int:
    """Run adaptive pipelines and report on them."""
    config = parse_configuration(
        AdaptConfig,
        arguments,
        program="kenning-lego adapt",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        positional="workspaces",
        common=(
            "workspaces",
            "trace",
            "shared-memory-mb",
            "rate",
            "seconds",
            "detach",
            "output",
            "target.address",
            "target.key",
            "target.server-key",
            "target.runtime",
            "target.threads",
        ),
        example="kenning-lego adapt w --trace budgets.csv",
    )
    from kenning_lego.scenarios.online.budget_trace import read_trace
    from kenning_lego.scenarios.online.deploying import prepare
    from kenning_lego.scenarios.online.summary import print_pipelines
    from kenning_lego.scenarios.online.watching import Watch
    from kenning_lego.scenarios.progress import make_console

    console = make_console()
    steps = read_trace(config.trace) if config.trace else ()
    pipelines = prepare(
        config.all_pipelines(), config.target, adaptive=True, steps=steps, repeat_s=config.repeat
    )
    shared = None if config.shared_memory_mb is None else int(config.shared_memory_mb * 1e6)
    watch = Watch(config, pipelines, console, ("kenning-lego", "adapt", *arguments))
    print_pipelines(console, watch.run(shared))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
