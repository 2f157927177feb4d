"""A network's segments and their variants with all figures: what a target can choose from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kenning_lego.core.bounds import MAX_FIGURE, Bounds
from kenning_lego.core.engines import Engine, Options, stage_of

MAX_SEGMENTS = 1024
MAX_VARIANTS = 256
"""Of one segment."""


@dataclass(frozen=True, slots=True)
class OfferedVariant:
    """An artifact that may run as a segment, and what it was found to take.

    Args:
        name: unique in its segment.
        digest: sha256 of the artifact.
        accuracy_cost: metric that is lost by it; positive is worse.
        latency_ms: in ms on this target.
        memory_bytes: of the artifact.
        energy_mj: in mJ, if it is known for all variants.
        engine: 0 for the offer's own engine, else the number of a further one.
    """

    name: str
    digest: str
    accuracy_cost: float
    latency_ms: float
    memory_bytes: int
    energy_mj: float | None = None
    engine: int = 0

    @property
    def stage(self) -> str:
        """Its artifact on its engine; see :mod:`kenning_lego.core.engines`."""
        return stage_of(self.digest, self.engine)

    def problem(self) -> str | None:
        """What is wrong with its figures, or None."""
        if not -MAX_FIGURE <= self.accuracy_cost <= MAX_FIGURE:
            return f"variant {self.name!r} has the accuracy cost {self.accuracy_cost!r}"
        problem = Bounds(self.latency_ms, self.memory_bytes, self.energy_mj).problem()
        return f"variant {self.name!r}: {problem}" if problem else None


@dataclass(frozen=True, slots=True)
class OfferedSegment:
    """A segment and all that may run as it; with one variant there is nothing to choose."""

    name: str
    variants: tuple[OfferedVariant, ...]

    def variant(self, name: str) -> OfferedVariant | None:
        """The variant of that name, or None."""
        return next((each for each in self.variants if each.name == name), None)

    def problem(self) -> str | None:
        """What does not fit together, or None."""
        if not self.variants:
            return f"segment {self.name!r} has no variant"
        names = {variant.name for variant in self.variants}
        if len(names) != len(self.variants):
            return f"two variants of segment {self.name!r} have one name"
        problem = next(filter(None, (variant.problem() for variant in self.variants)), None)
        return f"segment {self.name!r}: {problem}" if problem else None


@dataclass(frozen=True, slots=True)
class Offer:
    """A network's segments in order, with all variants: what a target needs to choose by itself.

    Every mix of variants is a configuration. Latency, memory and accuracy cost are taken to add up
    over the segments.

    Args:
        segments: in the order in which they run.
        runtime: the engine's name.
        threads: that the engine may use.
        batch: size of symbolic batch dimensions.
        outputs: names of the tensors to return, of any segments; none for the last one's.
        options: of `runtime`.
        engines: further ones that variants name.
    """

    segments: tuple[OfferedSegment, ...]
    runtime: str = "onnxruntime"
    threads: int = 1
    batch: int = 1
    outputs: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()

    @property
    def choosable(self) -> tuple[OfferedSegment, ...]:
        """The segments of which there is more than one variant."""
        return tuple(segment for segment in self.segments if len(segment.variants) > 1)

    @property
    def knows_energy(self) -> bool:
        """Whether the energy of its variants is known."""
        return all(variant.energy_mj is not None for variant in self.variants())

    def variants(self) -> Iterator[OfferedVariant]:
        """All variants of all segments."""
        for segment in self.segments:
            yield from segment.variants

    def digests(self) -> frozenset[str]:
        """All artifacts of which it consists."""
        return frozenset(variant.digest for variant in self.variants())

    def all_stages(self) -> frozenset[str]:
        """All artifacts of which it consists, each on its engine."""
        return frozenset(variant.stage for variant in self.variants())

    def stages(self, choice: Mapping[str, str]) -> tuple[str, ...]:
        """The stages of a configuration, in order.

        Args:
            choice: variant name by segment name; segments with one variant may be left out.

        Raises:
            KeyError: a segment is left out, or has no variant of that name.
        """
        stages = []
        for segment in self.segments:
            only = segment.variants[0] if len(segment.variants) == 1 else None
            name = choice.get(segment.name, only.name if only else "")
            variant = segment.variant(name)
            if variant is None:
                raise KeyError(f"{segment.name}: {name}")
            stages.append(variant.stage)
        return tuple(stages)

    def memory_of(self, choice: Mapping[str, str]) -> int:
        """Bytes that a configuration takes; of segments that are left out, none."""
        taken = 0
        for segment in self.segments:
            variant = segment.variant(choice.get(segment.name, ""))
            taken += variant.memory_bytes if variant else 0
        return taken

    def choice(self, stages: Sequence[str]) -> dict[str, str] | None:
        """Variant name by segment name of the configuration with these stages; None if none is.

        Of variants that are one stage, the first is named.
        """
        if len(stages) != len(self.segments):
            return None
        choice = {}
        for segment, stage in zip(self.segments, stages, strict=True):
            name = next((each.name for each in segment.variants if each.stage == stage), None)
            if name is None:
                return None
            choice[segment.name] = name
        return choice

    def problem(self) -> str | None:
        """What does not fit together, or None."""
        if not self.segments or len(self.segments) > MAX_SEGMENTS:
            return f"{len(self.segments)} segments"
        if len({segment.name for segment in self.segments}) != len(self.segments):
            return "two segments have one name"
        if len({variant.energy_mj is None for variant in self.variants()}) > 1:
            return "the energy is known for some variants and not for others"
        if any(variant.engine > len(self.engines) for variant in self.variants()):
            return f"a variant is to run on a further engine, and {len(self.engines)} are named"
        return next(filter(None, (segment.problem() for segment in self.segments)), None)

    def choice_problem(self, choice: Mapping[str, str]) -> str | None:
        """Why `choice` is no configuration of this offer, or None."""
        for name in choice:
            if all(segment.name != name for segment in self.segments):
                return f"there is no segment {name!r}"
        try:
            self.stages(choice)
        except KeyError as error:
            return f"no such variant ({error.args[0]})"
        return None
