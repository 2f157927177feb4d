"""What can be deployed, what it costs in accuracy, and how fast it runs: the deployment matrix.

``python -m benchmarks.deployment`` writes ``build/bench/deployment.json`` and prints it; it needs
an hour or so, on a core that does nothing else.
"""

from __future__ import annotations

import sys

from benchmarks import (
    deployment_compilers,
    deployment_engines,
    deployment_matrix,
    deployment_mixed,
)
from benchmarks.parts import Part, run_parts

PARTS: dict[str, Part] = {
    "compilers": lambda directory, quick: deployment_compilers.measure(directory, quick=quick),
    "engines": lambda directory, quick: deployment_engines.measure(directory, quick=quick),
    "matrix": lambda directory, quick: deployment_matrix.measure(directory, quick=quick),
    "mixed": lambda directory, quick: deployment_mixed.measure(directory, quick=quick),
}

if __name__ == "__main__":
    raise SystemExit(run_parts("deployment", __doc__ or "", PARTS, sys.argv[1:]))
