"""From a source, by way of ONNX, to OpenVINO's representation in one file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kenning_lego.compilers.artifact import Built
from kenning_lego.compilers.base import NOTHING_QUANTISED
from kenning_lego.compilers.exporting import failure
from kenning_lego.compilers.onnx_export import onnx_model, serialise
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.ir_file import pack_ir
from kenning_lego.core.openvino_import import import_openvino


def convert(config: OpenVino, source: CompileSource) -> Built:
    """The file that a configuration asks for.

    Raises:
        CompilationError: the source cannot be exported, converted or quantised.
        MissingDependencyError: NNCF is not installed, for int8.
    """
    try:
        model = import_openvino().Core().read_model(serialise(onnx_model(source)))
    except RuntimeError as error:
        raise failure(source, "OpenVINO", error) from error
    remark = ""
    if config.precision == "int8":
        from kenning_lego.compilers.openvino_int8 import quantise

        model = quantise(model, config, source)
        if not any(each.get_type_name() == "FakeQuantize" for each in model.get_ops()):
            remark = NOTHING_QUANTISED
    return Built(_packed(model, halves=config.precision == "fp16"), remark)


def _number(model: Any) -> None:
    """Name operators by their place: OpenVINO numbers them over the life of the process."""
    for place, operator in enumerate(model.get_ordered_ops()):
        kind = operator.get_type_name()
        if kind not in ("Parameter", "Result"):
            operator.set_friendly_name(f"{kind}_{place}")


def _packed(model: Any, *, halves: bool) -> bytes:
    _number(model)
    with TemporaryDirectory(prefix="kenning-lego-") as directory:
        path = Path(directory) / "model.xml"
        import_openvino().save_model(model, path, compress_to_fp16=halves)
        return pack_ir(path.read_bytes(), path.with_suffix(".bin").read_bytes())
