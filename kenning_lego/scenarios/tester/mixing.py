"""Every variant of every block once more, in each further way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.variants.variants import Variants
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.records import SegmentRecord
from kenning_lego.datasets.base import Dataset
from kenning_lego.scenarios.tester.compiling import SegmentCompiler, compile_data
from kenning_lego.scenarios.tester.ways import Way, compiled_as
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.progress import OnProgress


@dataclass(frozen=True, slots=True)
class Mixed:
    """Segments with variants in several ways.

    Args:
        segments: the variants of the main way come first, in their order.
        made: how many artifacts had to be made.
        left_out: why variants are not there, by their names.
    """

    segments: list[SegmentRecord]
    made: int
    left_out: dict[str, str]


def mix_variants(
    chain: Chain,
    variants: Variants,
    segments: Sequence[SegmentRecord],
    ways: Sequence[Way],
    dataset: Dataset,
    workspace: Workspace,
    on_progress: OnProgress,
) -> Mixed:
    """Compile every variant of every block in all further ways.

    What cannot be compiled in a way is left out, and so is what would be the same artifact on the
    same engine as another variant of its block.

    Args:
        chain: the network.
        variants: by segment name.
        segments: compiled in the main way.
        ways: further ones.
        dataset: to calibrate and compare on.
        workspace: keeps the artifacts.
        on_progress: called after each variant.
    """
    mixed = Mixed(list(segments), 0, {})
    total = len(ways) * sum(len(variants[block.name]) for block in chain.blocks)
    for number, way in enumerate(ways):
        data = compile_data(dataset, way.compiler)
        compiler = SegmentCompiler(chain, data, way.compiler, workspace)
        done = number * total // len(ways)
        mixed = _add(mixed, way, compiler, chain, variants, on_progress, done, total)
    return mixed


def _add(
    mixed: Mixed,
    way: Way,
    compiler: SegmentCompiler,
    chain: Chain,
    variants: Variants,
    on_progress: OnProgress,
    done: int,
    total: int,
) -> Mixed:
    segments, made, left_out = [], mixed.made, dict(mixed.left_out)
    for record in mixed.segments:
        every = list(record.variants)
        known = {(each.artifact.digest, each.engine): each.name for each in every}
        for source in [each for each in every if not each.way and record.scalable]:
            name = compiled_as(source.name, way)
            variant = next(v for v in variants[record.name] if v.name == source.name)
            done += 1
            on_progress(done, total, name)
            try:
                compiled = compiler.variant(chain[record.name], variant)
            except CompilationError as error:
                left_out[name] = error.problem
                continue
            made += compiled.computed
            key = (compiled.record.digest, way.engine)
            if key in known:
                left_out[name] = f"the same artifact as {known[key]}"
                continue
            known[key] = name
            update = {
                "name": name,
                "artifact": compiled.record,
                "way": way.name,
                "engine": way.engine,
                "measurement": name,
            }
            every.append(source.model_copy(update=update))
        segments.append(record.model_copy(update={"variants": tuple(every)}))
    return replace(mixed, segments=segments, made=made, left_out=left_out)
