"""A configuration of a tested network as one file, for an application of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from kenning_lego import __version__
from kenning_lego.blocks.latency import chosen_variants
from kenning_lego.compilers.artifact import CompiledArtifact
from kenning_lego.compilers.base import Compiler
from kenning_lego.compilers.fused import fuse
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.once import record_of
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.engines import digest_of as digest_of_stage
from kenning_lego.core.errors import ConfigurationError, StoreError
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.records import RunRecord, SegmentRecord
from kenning_lego.scenarios.exporting.exportable import Exportable
from kenning_lego.scenarios.online.tested import TestedNetwork
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.atomic import write_bytes, write_json

_KEY = "kenning_lego."


def export(
    tested: TestedNetwork,
    what: Exportable,
    output: Path | None = None,
    *,
    form: Literal["onnx", "tflite"] = "onnx",
    overwrite: bool = False,
    command: Sequence[str] = (),
) -> tuple[Path, ExportRecord]:
    """Write a configuration as one file, and its record beside it.

    An ONNX file says in its ``metadata_props`` what it is, under keys that begin with
    ``kenning_lego.``. Either is run beside the chain of segments before it is written.

    Args:
        tested: the network, whose workspace holds the artifacts.
        what: to export.
        output: the file; in the working directory if not given.
        form: of the file.
        overwrite: whether to replace what is there.
        command: for the record.

    Returns:
        The file and its record.

    Raises:
        ConfigurationError: there is such a file, or an artifact is not what the form needs.
        CompilationError: the artifacts cannot be merged, or the file computes something else.
        StoreError: an artifact is missing, or the file cannot be written.
    """
    record = tested.record
    path = output or Path(f"{_plain(record.network.name)}-{_plain(what.name)}.{form}")
    beside = path.with_suffix(".json")
    for each in (path, beside):
        if each.exists() and not overwrite:
            raise ConfigurationError(
                f"{each} is there already", "give --overwrite, or another name"
            )
    config: Compiler = Onnx()
    if form == "tflite":
        from kenning_lego.scenarios.exporting.tflite import compile_tflite  # loads torch

        made, config = compile_tflite(tested, what), LiteRt()
    else:
        made = _merged(tested, what)
    described = ExportRecord(
        created=datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds"),
        version=__version__,
        command=tuple(command),
        file=path.name,
        artifact=record_of(made, digest_of(made.content), config),
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


def _merged(tested: TestedNetwork, what: Exportable) -> CompiledArtifact:
    """The configuration's ONNX artifacts as one."""
    _check_format(tested.record.segments, what)
    return fuse(
        [tested.workspace.artifacts.read(digest_of_stage(each)) for each in what.stages],
        [each.name for each in tested.outputs],
        tested.example(),
        tolerance=_tolerance(tested.record.segments, what),
        metadata=_metadata(tested.record, what),
    )


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
