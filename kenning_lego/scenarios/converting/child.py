"""The process that converts one network on one route, and compares what comes out with torch.

It ends with the first error, whatever that is, and leaves what was said in its answer. It is
started as ``python -m kenning_lego.scenarios.converting.child JOB ANSWER``.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.compilers.exporting import first_line
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.scenarios.converting.jobs import ONNX_FILE, REFERENCE_FILE, Answer, Job

if TYPE_CHECKING:  # imports of what is exported already do without torch
    from kenning_lego.compilers.source import CompileSource

_MOST_CHARACTERS = 20_000
_SAVED_INPUT = "input"
Arrays = Mapping[str, NDArray[Any]]


def main(job_path: Path, answer_path: Path) -> None:
    """Do the job in one file and write the answer into the other."""

    def failed(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))[-_MOST_CHARACTERS:]
        answer = Answer(problem=_reason(error), error=text)
        answer_path.write_text(answer.model_dump_json(), encoding="utf-8")

    sys.excepthook = failed
    job = Job.model_validate_json(job_path.read_text(encoding="utf-8"))
    answer_path.write_text(_ACTIONS[job.action](job).model_dump_json(), encoding="utf-8")


def _reason(error: BaseException) -> str:
    """The first line of the innermost cause."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return first_line(error) if isinstance(error, Exception) else type(error).__name__


def _torchscript(job: Job) -> Answer:
    from kenning_lego.compilers.onnx_torchscript import export_by_torchscript

    return _export(job, export_by_torchscript)


def _dynamo(job: Job) -> Answer:
    from kenning_lego.compilers.onnx_export import export_by_dynamo

    return _export(job, export_by_dynamo)


def _export(job: Job, exporter: Callable[[Any, CompileSource], Any]) -> Answer:
    import onnx

    from kenning_lego.compilers.onnx_export import serialise
    from kenning_lego.scenarios.converting.sources import make_source

    source, outputs = make_source(job)
    content = serialise(exporter(source.module, source))
    onnx.checker.check_model(content, full_check=True)
    arrays: dict[str, Any] = {_SAVED_INPUT: source.example[0].numpy()}
    for spec, each in zip(source.outputs, outputs, strict=True):
        arrays[spec.name] = each.numpy()
    with (job.directory / REFERENCE_FILE).open("wb") as file:
        np.savez(file, **arrays)
    (job.directory / ONNX_FILE).write_bytes(content)
    return Answer(size_bytes=len(content))


def _import(job: Job) -> Answer:
    content = (job.directory / ONNX_FILE).read_bytes()
    with np.load(job.directory / REFERENCE_FILE, allow_pickle=False) as saved:
        expected = dict(saved)
    return _compared(job.engine, content, expected.pop(_SAVED_INPUT), expected)


def _tflite(job: Job) -> Answer:
    from kenning_lego.compilers.litert_convert import convert
    from kenning_lego.scenarios.converting.sources import make_source

    source, outputs = make_source(job)
    if source.module is None:
        raise ValueError("a network is a module")
    content = convert(source.module, source)
    named = {spec.name: each.numpy() for spec, each in zip(source.outputs, outputs, strict=True)}
    return _compared(job.engine, content, source.example[0].numpy(), named)


def _compared(engine: str, content: bytes, example: NDArray[Any], expected: Arrays) -> Answer:
    """Run a file as a target does, and compare."""
    program = make_runtime(engine, 1).load(content, len(example))
    tensors = allocate(program.spec)
    tensors[program.spec.inputs[0].name][...] = example
    program.bind(tensors)()
    differences = [np.abs(tensors[name] - each).max() for name, each in expected.items()]
    return Answer(
        size_bytes=len(content),
        max_abs=float(np.max(differences)),
        scale=max(float(np.abs(each).max()) for each in expected.values()),
    )


_ACTIONS: Mapping[str, Callable[[Job], Answer]] = {
    "torchscript": _torchscript,
    "dynamo": _dynamo,
    "import": _import,
    "tflite": _tflite,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
