"""How far an artifact may be from the original before it is an error or worth a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from kenning_lego.compilers.artifact import Gap
from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import CompilationError

FLOAT32_TOLERANCE = 1e-4
"""Largest gap, relative to the largest output, that rearranged float32 arithmetic explains."""

_TOLERANCES: Mapping[str, float] = {"fp32": FLOAT32_TOLERANCE, "fp16": 2e-2}
"""Halves carry 11 bits: some 20 roundings one after another stay within 2 %."""

_QUANTISED_COSINE = 0.98
_QUANTISED_MERGING = 5e-2
"""Of 8 bits, some that are rounded the other way."""


class GapConfig(Component):
    """How far outputs may be from the original's; what is left out is chosen by the precision."""

    samples: int = Field(default=32, ge=1)
    """Images of the validation part that are compared."""
    tolerance: float | None = Field(default=None, gt=0)
    """Largest difference, relative to the largest output. For fp32 1e-4, for fp16 0.02."""
    min_cosine: float | None = Field(default=None, ge=-1, le=1)
    """Least cosine between the outputs. For int8 0.98."""
    min_agreement: float | None = Field(default=None, ge=0, le=1)
    """Least share of samples that get the same class; of classifiers only."""
    beyond: Literal["error", "warning"] | None = None
    """What a gap beyond a limit is: by default an error, for int8 a warning."""

    def merging(self, precision: str) -> float:
        """Largest difference, relative to the largest output, that merging segments may make."""
        return self.tolerance or _TOLERANCES.get(precision, _QUANTISED_MERGING)

    def judge(self, gap: Gap, precision: str, where: str) -> str:
        """What to warn of, if anything.

        Raises:
            CompilationError: the gap is beyond a limit, and that is an error.
        """
        findings = list(self._findings(gap, precision))
        if not findings:
            return ""
        problem = f"{where} differs from the original: {', '.join(findings)}"
        if self._beyond(precision) == "warning":
            return problem
        raise CompilationError(
            problem, "allow a larger gap, make it a warning (gap.beyond), or take more precision"
        )

    def _findings(self, gap: Gap, precision: str) -> Iterator[str]:
        """Comparisons are written so that what is not a number is beyond every limit."""
        tolerance = self.tolerance or _TOLERANCES.get(precision)
        if tolerance is not None and not gap.max_abs <= tolerance * max(gap.scale, 1.0):
            yield f"by {gap.max_abs:.3g} on up to {gap.scale:.3g}"
        least = self.min_cosine
        if least is None and precision not in _TOLERANCES:
            least = _QUANTISED_COSINE
        if least is not None and not gap.cosine >= least:
            yield f"cosine {gap.cosine:.4f} < {least:g}"
        wanted, agreement = self.min_agreement, gap.agreement
        if wanted is not None and agreement is not None and not agreement >= wanted:
            yield f"{agreement:.1%} of classes agree < {wanted:.1%}"

    def _beyond(self, precision: str) -> str:
        return self.beyond or ("error" if precision in _TOLERANCES else "warning")
