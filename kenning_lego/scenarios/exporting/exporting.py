"""A configuration of a tested network as one file, for an application of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from kenning_lego import __version__
from kenning_lego.blocks.latency import chosen_variants
from kenning_lego.compilers.fused import fuse
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.once import record_of
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.engines import digest_of as digest_of_stage
from kenning_lego.core.errors import ConfigurationError, StoreError
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.records import RunRecord, ScoreRecord, SegmentRecord
from kenning_lego.scenarios.online.tested import TestedNetwork
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.atomic import write_bytes, write_json

WHOLE = "whole"
"""Name of the network as it was given, before it was cut."""

_KEY = "kenning_lego."


@dataclass(frozen=True, slots=True)
class Exportable:
    """What is to be exported.

    Args:
        name: of the configuration.
        variants: by block name; empty for the network before it was cut.
        stages: in order; see :mod:`kenning_lego.core.engines`.
        predicted: of the configuration.
        measured: the same, where a test did.
    """

    name: str
    variants: Mapping[str, str]
    stages: tuple[str, ...]
    predicted: ScoreRecord | None = None
    measured: ScoreRecord | None = None


def export(
    tested: TestedNetwork,
    what: Exportable,
    output: Path | None = None,
    *,
    overwrite: bool = False,
    command: Sequence[str] = (),
) -> tuple[Path, ExportRecord]:
    """Write a configuration as one ONNX file, and its record beside it.

    The file says in its ``metadata_props`` what it is, under keys that begin with
    ``kenning_lego.``. It is run beside the chain of segments before it is written.

    Args:
        tested: the network, whose workspace holds the artifacts.
        what: to export.
        output: the file; in the working directory if not given.
        overwrite: whether to replace what is there.
        command: for the record.

    Returns:
        The file and its record.

    Raises:
        ConfigurationError: there is such a file, or an artifact is not ONNX.
        CompilationError: the artifacts cannot be merged, or compute something else merged.
        StoreError: an artifact is missing, or the file cannot be written.
    """
    record = tested.record
    path = output or Path(f"{_plain(record.network.name)}-{_plain(what.name)}.onnx")
    beside = path.with_suffix(".json")
    for each in (path, beside):
        if each.exists() and not overwrite:
            raise ConfigurationError(
                f"{each} is there already", "give --overwrite, or another name"
            )
    _check_format(record.segments, what)
    stages = [tested.workspace.artifacts.read(digest_of_stage(each)) for each in what.stages]
    made = fuse(
        stages,
        [each.name for each in tested.outputs],
        tested.example(),
        tolerance=_tolerance(record.segments, what),
        metadata=_metadata(record, what),
    )
    described = ExportRecord(
        created=datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds"),
        version=__version__,
        command=tuple(command),
        file=path.name,
        artifact=record_of(made, digest_of(made.content), Onnx()),
        inputs=tested.inputs,
        outputs=tested.outputs,
        network=record.network.name,
        run=record.id,
        configuration=what.name,
        variants=dict(what.variants),
        metric=record.network.metric,
        predicted=what.predicted,
        measured=what.measured,
    )
    _write_both(path, made.content, beside, described)
    return path, described


def _write_both(path: Path, content: bytes, beside: Path, record: ExportRecord) -> None:
    """Both files or, where nothing was replaced, none of them."""
    replaced = path.exists()
    write_bytes(path, content)
    try:
        write_json(beside, record.model_dump(mode="json"))
    except StoreError:
        if not replaced:
            path.unlink(missing_ok=True)
        raise


def _metadata(record: RunRecord, what: Exportable) -> dict[str, str]:
    predicted = what.predicted.model_dump(mode="json") if what.predicted else None
    return {
        f"{_KEY}version": __version__,
        f"{_KEY}network": record.network.name,
        f"{_KEY}run": record.id,
        f"{_KEY}configuration": what.name,
        f"{_KEY}variants": json.dumps(dict(what.variants)),
        f"{_KEY}predicted": json.dumps(predicted),
    }


def _check_format(segments: Sequence[SegmentRecord], what: Exportable) -> None:
    """Refuse blocks that are not ONNX.

    Raises:
        ConfigurationError: there is one, or several.
    """
    chosen = chosen_variants(segments, what.variants)
    others = [each for each in chosen if each.artifact.format != "onnx"]
    if others:
        names = ", ".join(f"{each.name} is {each.artifact.format}" for each in others)
        raise ConfigurationError(
            f"one ONNX file holds ONNX only, and {names}",
            "export a configuration of ONNX variants, or test the network with `compiler` onnx",
        )


def _tolerance(segments: Sequence[SegmentRecord], what: Exportable) -> float:
    """Largest difference that merging may make: that of the coarsest precision in it."""
    chosen = chosen_variants(segments, what.variants)
    return max(GapConfig().merging(each.artifact.precision or "fp32") for each in chosen)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".") or "network"
