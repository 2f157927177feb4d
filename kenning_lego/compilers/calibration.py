"""How ranges of activations are found before they become integers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kenning_lego.core.configuration import Component


class CalibrationConfig(Component):
    """On what, and how, ranges of activations are found."""

    samples: int = Field(default=128, ge=1)
    """Images of the dataset that the network runs on for it."""
    method: Literal["minmax", "entropy", "percentile"] = "minmax"
    """The whole range; the one that loses least information; or one without the outliers."""
    percentile: float = Field(default=99.99, gt=50, le=100)
    """Share of the values within the range, in percent, for method percentile."""
    seed: int = Field(default=0, ge=0)
    """Of the choice of images."""
