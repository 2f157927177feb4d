"""Run a tested network on a target, with one of its configurations, on frames of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.online.configuration import RunConfig


def main(arguments: Sequence[str]) -> int:
    """Run a pipeline and report on it."""
    config = parse_configuration(
        RunConfig,
        arguments,
        program="kenning-lego run",
        description=__doc__ or "",
        file="YAML file with the same settings; flags override it",
        positional="workspace",
        common=(
            "workspace",
            "configuration",
            "latency-ms",
            "memory-mb",
            "rate",
            "seconds",
            "frames.type",
            "adaptive",
            "detach",
            "output",
            "target.address",
            "target.key",
            "target.server-key",
            "target.runtime",
            "target.threads",
        ),
        example="kenning-lego run w --latency-ms 8 --seconds 60",
    )
    from kenning_lego.scenarios.online.deploying import prepare
    from kenning_lego.scenarios.online.summary import print_pipelines
    from kenning_lego.scenarios.online.watching import Watch
    from kenning_lego.scenarios.progress import make_console

    console = make_console()
    pipelines = prepare([config], config.target, adaptive=config.adaptive)
    watch = Watch(config, pipelines, console, ("kenning-lego", "run", *arguments))
    print_pipelines(console, watch.run())
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
