"""Whether choices are found at once, and are the best ones.

``python -m benchmarks.selection`` writes ``build/bench/selection.json`` and prints it; it needs
some ten minutes, on a core that does nothing else.
"""

from __future__ import annotations

import sys

from benchmarks import (
    selection_front,
    selection_joint,
    selection_large,
    selection_lookup,
    selection_optimality,
)
from benchmarks.parts import Part, run_parts

PARTS: dict[str, Part] = {
    "front": lambda _, quick: selection_front.measure(quick=quick),
    "lookup": lambda _, quick: selection_lookup.measure(quick=quick),
    "large": lambda _, quick: selection_large.measure(quick=quick),
    "joint": lambda _, quick: selection_joint.measure(quick=quick),
    "optimality": lambda _, quick: selection_optimality.measure(quick=quick),
}

if __name__ == "__main__":
    raise SystemExit(run_parts("selection", __doc__ or "", PARTS, sys.argv[1:]))
