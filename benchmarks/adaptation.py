"""Whether pipelines follow budgets and load: fast, accurately, calmly, and moving little.

``python -m benchmarks.adaptation`` writes ``build/bench/adaptation.json`` and prints it; it needs
some twenty-five minutes on a machine that does nothing else, and ten more once, to make the
network (:mod:`.adaptation_network`), for which it needs the images and weights in the directory
that ``KENNING_LEGO_SHARED_DATA`` names.
"""

from __future__ import annotations

import sys

from benchmarks import (
    adaptation_bytes,
    adaptation_oscillation,
    adaptation_quality,
    adaptation_switching,
)
from benchmarks.parts import Part, run_parts

PARTS: dict[str, Part] = {
    "bytes": lambda directory, quick: adaptation_bytes.measure(directory, quick=quick),
    "switching": lambda directory, quick: adaptation_switching.measure(directory, quick=quick),
    "oscillation": lambda directory, quick: adaptation_oscillation.measure(directory, quick=quick),
    "quality": lambda directory, quick: adaptation_quality.measure(directory, quick=quick),
}

if __name__ == "__main__":
    raise SystemExit(run_parts("adaptation", __doc__ or "", PARTS, sys.argv[1:]))
