"""Cut a network, make variants, compile, ship, benchmark on a target, choose and verify.

With --model.file, an ONNX or TFLite file is shipped and benchmarked as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig


def main(arguments: Sequence[str]) -> int:
    """Run the tester scenario from flags, a YAML file, or both."""
    config = parse_configuration(
        InferenceTestConfig,
        arguments,
        program="kenning-lego test",
        description=__doc__ or "",
        file="a scenario in YAML; flags override it",
        common=(
            "workspace",
            "model.name",
            "model.checkpoint",
            "dataset.type",
            "dataset.root",
            "model.file",
            "blocks.count",
            "blocks.ratios",
            "compiler.type",
            "compiler.precision",
            "target.address",
            "target.key",
            "target.server-key",
            "target.runtime",
            "target.threads",
            "budgets",
            "strict",
        ),
        example="kenning-lego test scenario.yaml --blocks.count 6",
    )
    # --help and wrong flags need no torch.
    from kenning_lego.scenarios.progress import make_console
    from kenning_lego.scenarios.tester.judging import trusted

    command = ("kenning-lego", "test", *arguments)
    if config.model.file is not None:
        from kenning_lego.scenarios.own_files.run import run_file_test

        result = run_file_test(config, make_console(), command)
    else:
        from kenning_lego.scenarios.tester.run import run_test

        result = run_test(config, make_console(), command)
    return 3 if config.strict and not trusted(result.record) else 0


if __name__ == "__main__":
    sys.exit(run(main))
