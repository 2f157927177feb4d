"""The files of a search's best candidate, for an application of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.store.atomic import write_bytes, write_json
from kenning_lego.store.workspace import Workspace

_SUFFIXES: Mapping[str, str] = {"onnx": ".onnx", "tflite": ".tflite", "torch": ".pt2"}
"""By format; OpenVINO's two files are one of our own, :mod:`kenning_lego.core.ir_file`."""


def write_best(
    record: OptimisationRecord, workspace: Workspace, directory: Path
) -> tuple[Path, ...]:
    """Write the artifact of the best candidate, and what is known of it as JSON beside it.

    Args:
        record: of the search, with a best candidate.
        workspace: that has the artifact.
        directory: made when it is missing; what is there under the same names is replaced.

    Raises:
        StoreError: a file cannot be written, or the artifact is gone.
    """
    found = record.candidate(record.best)
    if found is None or found.artifact is None:
        return ()
    artifact = found.artifact
    beside = directory / "best.json"
    files = _files(artifact.format, workspace.artifacts.read(artifact.digest))
    paths = []
    for name, content in files.items():
        write_bytes(directory / name, content)
        paths.append(directory / name)
    write_json(beside, {"run": record.id, **found.model_dump(mode="json")})
    return (*paths, beside)


def _files(kind: str, content: bytes) -> dict[str, bytes]:
    from kenning_lego.core.ir_file import unpack_ir

    if kind == "openvino":
        xml, weights = unpack_ir(content)
        return {"best.xml": bytes(xml), "best.bin": bytes(weights)}
    return {f"best{_SUFFIXES[kind]}": content}
