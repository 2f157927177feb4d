"""What to ask a target to time: all variants of a chain, or whole configurations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.plans import Conditions, Plan, PlanItem
from kenning_lego.core.records import SegmentRecord, VariantRecord


@dataclass(frozen=True, slots=True)
class _Loading:
    """Which engines run the stages of a plan."""

    runtime: str
    threads: int
    options: Options
    engines: tuple[Engine, ...]


def variants_plan(
    segments: Sequence[SegmentRecord],
    config: MeasurementConfig,
    *,
    runtime: str,
    threads: int,
    composed: Mapping[str, Mapping[str, str]] | None = None,
    options: Options | None = None,
    engines: Sequence[Engine] = (),
) -> Plan:
    """Time every variant of every segment, in the order in which the network runs them.

    Args:
        segments: the chain with all variants.
        config: how long and how precisely.
        runtime: the engine's name.
        threads: that the engine may use.
        composed: whole networks to time in between, so that the machine is in one state for the
            parts and the whole: variant names by block name, by the measurement's name.
        options: of the engine.
        engines: further ones that variants run on.
    """
    items = [
        PlanItem(variant.name, (variant.stage,), position)
        for position, segment in enumerate(segments)
        for variant in segment.variants
    ]
    items += [
        PlanItem(name, stages_of(segments, variants), len(segments))
        for name, variants in (composed or {}).items()
    ]
    loading = _Loading(runtime, threads, options or {}, tuple(engines))
    return _plan(items, config, loading, _reference(segments))


def configurations_plan(
    segments: Sequence[SegmentRecord],
    configurations: Mapping[str, Mapping[str, str]],
    config: MeasurementConfig,
    *,
    runtime: str,
    threads: int,
    whole: Mapping[str, str] | None = None,
    options: Options | None = None,
    engines: Sequence[Engine] = (),
) -> Plan:
    """Time whole networks, each composed of the variants that a configuration names.

    Args:
        segments: the chain with all variants.
        configurations: variant names by block name, by the configuration's name.
        config: how long and how precisely.
        runtime: the engine's name.
        threads: that the engine may use.
        whole: artifacts of networks in one piece to time in turn with them: sha256 by the
            measurement's name.
        options: of the engine.
        engines: further ones that variants run on.
    """
    items = [
        PlanItem(name, stages_of(segments, variants)) for name, variants in configurations.items()
    ]
    items += [PlanItem(name, (digest,)) for name, digest in (whole or {}).items()]
    return _plan(items, config, _Loading(runtime, threads, options or {}, tuple(engines)))


def stages_of(segments: Sequence[SegmentRecord], variants: Mapping[str, str]) -> tuple[str, ...]:
    """The stages, in order, of the network with these variants and originals elsewhere."""
    return tuple(each.stage for each in chosen_variants(segments, variants))


def chosen_variants(
    segments: Sequence[SegmentRecord], variants: Mapping[str, str]
) -> list[VariantRecord]:
    """These variants, by segment name, and originals elsewhere; in order."""
    chosen = []
    for segment in segments:
        name = variants.get(segment.name, segment.variants[0].name)
        chosen.append(next(each for each in segment.variants if each.name == name))
    return chosen


def _reference(segments: Sequence[SegmentRecord]) -> str:
    """The original of the segment with the median of the FLOPs, neither tiny nor all of it."""
    originals = sorted((segment.variants[0] for segment in segments), key=lambda each: each.flops)
    return originals[len(originals) // 2].name if originals else ""


def _plan(
    items: Iterable[PlanItem],
    config: MeasurementConfig,
    loading: _Loading,
    reference: str = "",
) -> Plan:
    return Plan(
        tuple(items),
        runtime=loading.runtime,
        threads=loading.threads,
        options=loading.options,
        engines=loading.engines,
        reference=reference if config.reference else "",
        memory_bytes=None if config.loaded_mb is None else int(config.loaded_mb * 1e6),
        warmup_rounds=config.warmup_rounds,
        min_rounds=config.min_rounds,
        max_rounds=config.max_rounds,
        relative_half_width=config.relative_half_width,
        max_seconds=config.max_seconds,
        seed=config.seed,
        conditions=Conditions(
            cpus=config.cpus,
            cool_below_c=config.cool_below_c,
            cool_max_s=config.cool_max_s,
            preheat_s=config.preheat_s,
        ),
    )
