"""The dataset ``waves``: short noisy signals of four forms, made from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.datasets.splitting import TEST, TRAIN, Splitting, complete

Signal = NDArray[np.float64]

FORMS: dict[str, Callable[[Signal], Signal]] = {
    "sine": np.sin,
    "square": lambda phase: np.sign(np.sin(phase)),
    "sawtooth": lambda phase: (phase / np.pi) % 2 - 1,
    "triangle": lambda phase: 2 * np.abs((phase / np.pi) % 2 - 1) - 1,
}
"""From the phase to the signal, by the class's name."""


class Waves(Splitting):
    """Signals of 64 numbers, of which the form is to be told: sine, square, sawtooth, triangle."""

    type: Literal["waves"] = "waves"
    """The dataset's short name."""
    samples: int = Field(default=2000, ge=40)
    """How many signals there are, a quarter of each form."""
    noise: Annotated[float, Field(ge=0)] = 0.3
    """Standard deviation of what is added; the signals' amplitude is 1."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the signals set aside for testing."""

    def load(self) -> Dataset:
        """Make the signals and divide them; images are (1, 1, 64)."""
        signals, labels = self._signals()
        images = signals.astype(np.float32).reshape(-1, 1, 1, _LENGTH)
        shares = {TEST: self.test_share, **self.taken_from_training()}
        parts = complete({TRAIN: Part(images, labels)}, shares, self.seed)
        return Dataset("waves", tuple(FORMS), **parts)

    def _signals(self) -> tuple[Signal, NDArray[np.int64]]:
        rng = np.random.default_rng(self.seed)
        labels = np.arange(self.samples, dtype=np.int64) % len(FORMS)
        periods, shifts = rng.uniform(1, 4, self.samples), rng.uniform(0, 2, self.samples)
        place = np.linspace(0, 2, _LENGTH)
        phases: Any = np.pi * (place * periods[:, np.newaxis] + shifts[:, np.newaxis])
        forms = tuple(FORMS.values())
        signals = np.stack(
            [forms[label](phase) for label, phase in zip(labels, phases, strict=True)]
        )
        return signals + rng.normal(0, self.noise, signals.shape), labels


_LENGTH = 64
