"""Bringing a file and its pieces to the target, where the engine says whether it takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.errors import ConfigurationError, ModelError, ProtocolError, RemoteError
from kenning_lego.core.records import SegmentRecord, WholeRecord
from kenning_lego.core.specs import IOSpec
from kenning_lego.core.target import Target
from kenning_lego.scenarios.offline.run import Step
from kenning_lego.scenarios.own_files.agreement import compare
from kenning_lego.scenarios.own_files.describing import (
    WHOLE,
    artifact_of,
    one_segment,
    segments_of,
)
from kenning_lego.scenarios.own_files.reading import NetworkFile
from kenning_lego.scenarios.tester.choice import ORIGINAL
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.tester.measuring import upload_all
from kenning_lego.store.workspace import Workspace

_REFUSALS = ("bad_request", "engine_failed", "worker_died")


@dataclass(frozen=True, slots=True)
class Shipped:
    """The file on the target.

    Args:
        file: as it was given.
        digest: its sha256.
        pieces: the same of its pieces.
        spec: of the file, its batch of 1 bound.
        segments: the pieces, or the whole file as one.
        whole: the file in one piece.
    """

    file: NetworkFile
    digest: str
    pieces: tuple[str, ...]
    spec: IOSpec
    segments: list[SegmentRecord]
    whole: WholeRecord


def ship(
    target: Target, file: NetworkFile, where: TargetConfig, workspace: Workspace, step: Step
) -> Shipped:
    """Upload a file and its pieces, load them there, and compare them.

    Raises:
        ConfigurationError: the target's engine cannot load them.
        ModelError: the pieces in a row give something else than the file.
    """
    digest = workspace.artifacts.add(file.content)
    pieces = tuple(workspace.artifacts.add(each.content) for each in file.pieces)
    with step("upload") as track:
        digests = dict.fromkeys((digest, *pieces))
        sent = upload_all(target, digests, workspace.artifacts, track.update)
        track.note = f"{sent} sent" if sent else "the target has it"
    spec = compose(target, [digest], where, file)
    if not pieces:
        whole = WholeRecord(artifact=artifact_of(file, digest), measurement=ORIGINAL)
        return Shipped(file, digest, pieces, spec, [one_segment(file, digest, spec)], whole)
    with step("compare the pieces in a row with the whole file") as track:
        compose(target, pieces, where, file, [each.name for each in spec.outputs])
        gap = compare(target, digest, pieces, spec, where)
        track.note = f"off by {gap.max_abs:.2g} at most, on up to {gap.scale:.3g}"
    whole = WholeRecord(artifact=artifact_of(file, digest, gap), measurement=WHOLE)
    return Shipped(file, digest, pieces, spec, segments_of(file, pieces, gap), whole)


def compose(
    target: Target,
    stages: Sequence[str],
    where: TargetConfig,
    file: NetworkFile,
    outputs: Sequence[str] = (),
) -> IOSpec:
    """Load the file, or its pieces, as the session's pipeline.

    Raises:
        ConfigurationError: the target's engine cannot load it.
    """
    try:
        composed = target.compose(
            stages,
            runtime=where.runtime,
            threads=where.threads,
            outputs=outputs,
            options=where.options,
        )
    except RemoteError as error:
        if error.code not in _REFUSALS:
            raise
        raise _refused(file, where, error.problem, error.remedy) from error
    except (ModelError, ProtocolError) as error:
        raise _refused(file, where, error.problem, error.remedy) from error
    return composed.spec


def _refused(
    file: NetworkFile, where: TargetConfig, problem: str, remedy: str
) -> ConfigurationError:
    return ConfigurationError(
        f"runtime {where.runtime!r} on the target does not take {file.path}: {problem}", remedy
    )
