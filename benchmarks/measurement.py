"""Whether the measurement engine's numbers can be believed.

``python -m benchmarks.measurement`` writes ``build/bench/measurement.json`` and prints it; it needs
some ten minutes on a machine that does nothing else.
"""

from __future__ import annotations

import sys

from benchmarks import additivity, disturbed, measurement_claims, repeatability
from benchmarks.parts import Part, run_parts

PARTS: dict[str, Part] = {
    "repeatability": lambda directory, quick: repeatability.measure(directory, quick=quick),
    "additivity": lambda directory, quick: additivity.measure(
        directory, rounds=20 if quick else 100, curve=True
    ),
    "verdicts": lambda _, quick: disturbed.measure(runs=4 if quick else 40),
    "simulated_verdicts": lambda _, quick: measurement_claims.verdict_recall(
        40 if quick else measurement_claims.RUNS
    ),
    "tail_claims": lambda _, quick: measurement_claims.tail_claims(
        500 if quick else measurement_claims.TRIALS
    ),
    "median_claims": lambda _, quick: measurement_claims.median_claims(
        500 if quick else measurement_claims.TRIALS
    ),
}

if __name__ == "__main__":
    raise SystemExit(run_parts("measurement", __doc__ or "", PARTS, sys.argv[1:]))
