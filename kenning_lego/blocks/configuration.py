"""Configuration of block making; importing this does not import torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.training.configuration import DistillationConfig

Importance = Literal["l1", "l2", "bn_scale", "taylor", "random"]
"""What decides which channels are removed; see :class:`.importance.Criterion`."""

Measure = Literal["flops", "parameters"]
"""What a ratio is a share of."""

SHORTEST_ENERGY_S = 3.0
"""Of a load whose energy is wanted: it leaves a second of idle before."""


def check_ratios(ratios: Sequence[float]) -> tuple[float, ...]:
    """The ratios in ascending order.

    Raises:
        ValueError: 0.0 is missing, one is no share, or two would name the same variant.
    """
    if 0.0 not in ratios:
        raise ValueError("0.0, the block as it is, must be among the ratios")
    if not all(0 <= ratio < 1 for ratio in ratios):
        raise ValueError("a ratio is the share of the FLOPs to remove, so in [0, 1)")
    if len({f"{ratio:.2f}" for ratio in ratios}) < len(ratios):
        raise ValueError("ratios must differ in their first two decimals, which name the variants")
    return tuple(sorted(ratios))


def check_variants(names: Sequence[str]) -> tuple[str, ...]:
    """The makers' names as they are.

    Raises:
        ValueError: there is none, or one is named twice.
    """
    if not names:
        raise ValueError("name a maker of variants, such as pruned")
    if len(set(names)) < len(names):
        raise ValueError("a maker is named twice, so that its variants would have the same names")
    return tuple(names)


class PrunedConfig(Component):
    """How channels are removed."""

    importance: Importance = "l2"
    """What decides which channels stay: their weights, their scales, or what they contribute."""
    measure: Measure = "flops"
    """What the ratios are a share of."""
    width_multiple: Literal[1, 2, 4, 8, 16, 32] = 16
    """Keep wide layers to multiples of it where the ratio permits: odd widths run slowly."""
    ratio_tolerance: float = Field(default=0.03, ge=0, le=0.25)
    """By how much a ratio may be missed for that; beyond it, multiples are halved."""
    seed: int = Field(default=0, ge=0)
    """Of random importance, and of the probes of taylor."""


class LowRankConfig(Component):
    """How layers are factorised."""

    rank_multiple: Literal[1, 2, 4, 8, 16, 32] = 16
    """Keep large ranks to multiples of it where the ratio permits: odd widths run slowly."""
    ratio_tolerance: float = Field(default=0.03, ge=0, le=0.25)
    """By how much a ratio may be missed for that; beyond it, multiples are halved."""


class BlocksConfig(Component):
    """How a network is cut and which variants its blocks get."""

    count: int = Field(default=8, ge=1)
    """How many blocks to make at most; none is much larger than that part of the network."""
    share: float | None = Field(default=None, gt=0, le=1)
    """Make no more blocks than hold this share of the network's FLOPs, if so much can be had."""
    max_ratio: float | None = Field(default=None, gt=0, le=1)
    """Limit a block to this share of the network's convolutions instead, two at least."""
    ratios: Annotated[tuple[float, ...], AfterValidator(check_ratios)] = (0.0, 0.2, 0.4, 0.6, 0.8)
    """Shares of a block's FLOPs to remove, 0.0 included, one variant each."""
    variants: Annotated[tuple[str, ...], AfterValidator(check_variants)] = ("pruned",)
    """Makers of variants: pruned, low_rank, depth, or package.module:callable for your own."""
    pruned: PrunedConfig = PrunedConfig()
    """How channels are removed."""
    low_rank: LowRankConfig = LowRankConfig()
    """How layers are factorised."""


class RetrainConfig(DistillationConfig):
    """How the variants are retrained; the defaults suit some thousand small images."""

    max_memory_mb: int | None = Field(default=None, ge=1)
    """Of all processes together: retrain no more variants at a time than fit; none: all."""
    executor: str = "in-process"
    """Where the work is done: in-process, processes, or what an installed package brings."""
    processes: int = Field(default=0, ge=0)
    """How many work at a time, if the executor has any; 0: one for each core."""
    checkpoint_s: float = Field(default=60.0, ge=0)
    """A checkpoint is written so often, and on Ctrl-C: no more work than that can be lost."""


class ProfileConfig(Component):
    """How the variants' accuracy costs are estimated."""

    estimator: Literal["fitted", "means"] = "fitted"
    """Costs fitted to all composed networks that were scored, or LegoDNN's mean losses."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of these networks; auto: bfloat16 where it is faster here and outputs stay close."""
    activations_mb: float = Field(default=40.0, gt=0)
    """Room for a batch's tensors between blocks, in MB; sets how many images run at once."""
    check_runs: int = Field(default=8, ge=0)
    """Random configurations to score, to see how well the costs predict."""
    seed: int = Field(default=0, ge=0)
    """Of these configurations."""


class MeasurementConfig(Component):
    """How long and how precisely the target measures."""

    warmup_rounds: int = Field(default=20, ge=0)
    """Rounds dropped at most until they agree; a round runs every variant at least once."""
    min_rounds: int = Field(default=30, ge=1)
    """Rounds recorded at least."""
    max_rounds: int = Field(default=1000, ge=1)
    """Rounds recorded at most."""
    relative_half_width: float = Field(default=0.01, ge=0, le=1)
    """Stop once every median is known within this share of itself, at 95 % confidence."""
    max_seconds: float = Field(default=60.0, gt=0)
    """Stop after so many seconds in any case."""
    seed: int = Field(default=0, ge=0)
    """Of the random order."""
    reference: bool = True
    """Run one block between any two passes too, to see drift."""
    loaded_mb: float | None = Field(default=None, gt=0)
    """Artifacts loaded at a time, in MB; more are timed in parts, linked by the reference."""
    cpus: tuple[int, ...] = ()
    """The only processors that may be used meanwhile, such as 2 3."""
    cool_below_c: float | None = None
    """Before a round, wait until the board is cooler than that."""
    cool_max_s: float = Field(default=60.0, ge=0)
    """How long these waits may take in all."""
    preheat_s: float = Field(default=0.0, ge=0)
    """Run unrecorded for so long first: sustained work instead of a burst."""
    additivity_runs: int = Field(default=8, ge=0)
    """Configurations to run whole, to see how well the blocks' latencies add up."""
    memory: Literal["none", "rss", "peak"] = "none"
    """Also see what each variant costs in memory: once loaded, or the most while it runs, too."""
    memory_repeats: int = Field(default=3, ge=1)
    """Fresh processes for each variant, of which the median counts."""
    energy_s: float = Field(default=0.0, ge=0, le=3600)
    """Run each configuration for so long to see its energy, after a third of that idle; 0: not."""

    @model_validator(mode="after")
    def _rounds_in_order(self) -> MeasurementConfig:
        if self.min_rounds > self.max_rounds:
            raise ValueError("min_rounds is above max_rounds")
        return self

    @model_validator(mode="after")
    def _time_for_energy(self) -> MeasurementConfig:
        if 0 < self.energy_s < SHORTEST_ENERGY_S:
            raise ValueError(
                f"energy_s of {self.energy_s:g} is too short for sensors that are read once a "
                f"second: give {SHORTEST_ENERGY_S:g} or more, or 0 for none"
            )
        return self
