"""Train a network on a dataset; stopped with Ctrl-C, the same command goes on from there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.scenarios.shared_files import parse_part_of_test
from kenning_lego.scenarios.trainer.configuration import TrainConfig


def main(arguments: Sequence[str]) -> int:
    """Run the training scenario from flags, a YAML file, or both."""
    config = parse_part_of_test(
        TrainConfig,
        arguments,
        program="kenning-lego train",
        description=__doc__ or "",
        common=(
            "workspace",
            "model.name",
            "model.checkpoint",
            "dataset.type",
            "dataset.root",
            "dataset.download",
            "training.epochs",
            "training.batch-size",
            "training.learning-rate",
            "output",
        ),
        example="kenning-lego train --workspace w --dataset.type digits",
    )
    # --help and wrong flags need no torch.
    from kenning_lego.scenarios.progress import make_console
    from kenning_lego.scenarios.trainer.run import run_training

    run_training(config, make_console(), command=("kenning-lego", "train", *arguments))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
