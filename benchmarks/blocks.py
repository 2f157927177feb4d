"""Whether the block engine covers networks of all kinds, scales them as asked, and is fast.

``python -m benchmarks.blocks`` writes ``build/bench/blocks.json`` and prints it; it needs most of
an hour on two cores that do nothing else. Accuracies need the trained networks and images in the
directory that ``KENNING_LEGO_SHARED_DATA`` names.
"""

from __future__ import annotations

import sys

from benchmarks import blocks_accuracy, blocks_networks, blocks_retrain, blocks_variants
from benchmarks.parts import Part, run_parts

PARTS: dict[str, Part] = {
    "networks": lambda directory, quick: blocks_networks.measure(directory, quick=quick),
    "variants": lambda directory, quick: blocks_variants.measure(directory, quick=quick),
    "retrain": lambda directory, quick: blocks_retrain.measure(directory, quick=quick),
    "accuracy": lambda directory, quick: blocks_accuracy.measure(directory, quick=quick),
}

if __name__ == "__main__":
    raise SystemExit(run_parts("blocks", __doc__ or "", PARTS, sys.argv[1:]))
