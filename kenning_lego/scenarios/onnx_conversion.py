"""Say which networks convert to which frameworks, each tried and compared with torch.

Networks are exported to ONNX by both of torch's exporters, imported into ONNX Runtime and OpenVINO,
and converted to TFLite; each in a process of its own with a time limit. The matrix is written as
reStructuredText, Markdown and HTML, with what was said of failures.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from kenning_lego.core.entry import run
from kenning_lego.core.flags import parse_configuration
from kenning_lego.scenarios.converting.configuration import ConvertConfig


def main(arguments: Sequence[str]) -> int:
    """Convert networks."""
    config = parse_configuration(
        ConvertConfig,
        arguments,
        program="kenning-lego convert",
        description=__doc__ or "",
        file="a scenario in YAML; flags override it",
        positional="models",
        example="kenning-lego convert resnet18-digits --workspace w",
    )
    # --help and wrong flags need no workspace.
    from kenning_lego.scenarios.converting.telling import convert_and_tell
    from kenning_lego.scenarios.progress import make_console

    convert_and_tell(config, make_console(), command=("kenning-lego", "convert", *arguments))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
