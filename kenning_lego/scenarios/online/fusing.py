"""The fused form of a configuration that has settled: made here, swapped in on the target."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Mapping, Sequence

from kenning_lego.blocks.latency import chosen_variants
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.records import VariantRecord
from kenning_lego.scenarios.online.deploying import Pipeline
from kenning_lego.scenarios.online.following import Followed
from kenning_lego.scenarios.targets import open_server
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.tester.one_piece import check_fusible


def _merging(chosen: Sequence[VariantRecord]) -> Onnx:
    """A compiler of the coarsest precision among these, for what merging may change."""
    gap = GapConfig()
    precisions = [each.artifact.precision or "fp32" for each in chosen]
    return Onnx(gap=GapConfig(tolerance=max(map(gap.merging, precisions))))


class Fuser:
    """Ships the fused form of configurations that have settled.

    Args:
        after_s: of running one configuration; None ships nothing.
        where: they run.
    """

    def __init__(self, after_s: float | None, where: TargetConfig) -> None:
        self._after_s = after_s
        self._where = where
        self._since: dict[str, tuple[tuple[str, ...], float]] = {}

    def look(
        self, followed: Followed, pipeline: Pipeline, fused: dict[str, Mapping[str, str]]
    ) -> None:
        """Fuse and swap what runs if it has for long enough; noted in `fused`.

        Raises:
            KenningLegoError: the target does not take it. Artifacts that cannot be merged stay
                apart.
        """
        status = followed.status
        if self._after_s is None or status is None or status.state != "running":
            return
        stages, now = status.stages, time.monotonic()
        before, since = self._since.get(followed.name, ((), now))
        if stages != before:
            self._since[followed.name] = stages, now
            return
        if len(stages) < 2 or now - since < self._after_s:
            return
        self._since[followed.name] = stages, math.inf  # once, whatever comes of it
        network = pipeline.network
        with contextlib.suppress(CompilationError):
            chosen = chosen_variants(network.record.segments, status.variants)
            check_fusible(chosen)
            made = fuse_once(
                [each.artifact.digest for each in chosen],
                [each.name for each in network.outputs],
                network.example(),
                _merging(chosen),
                network.workspace,
            )
            digest = made.record.digest
            fused[digest] = status.variants
            with open_server(self._where) as target:
                target.upload(network.workspace.artifacts.path(digest), digest)
                target.deployments.force(followed.name, (digest,), fused_from=stages)
