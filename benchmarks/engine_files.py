"""Files for the engines that are installed here."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from benchmarks.foreign_networks import CLASSIFIERS
from kenning_lego.core.ir_file import pack_ir
from kenning_lego.models.lookup import load_model
from kenning_lego.runtimes.lookup import installed_engines

_INPUT = (1, 3, 32, 32)


def artifacts(directory: Path) -> dict[str, tuple[str, bytes]]:
    """Engine and file by a short name, for the engines that are installed here.

    ResNet-20 for CIFAR, whose weights do not matter here; for TFLite, which torch does not write,
    MLPerf Tiny's ResNet-8 where that is at hand.
    """
    here = installed_engines()
    model = load_model("resnet20-cifar10").eval()
    onnx = _onnx(model, directory / "network.onnx")
    found = {"onnxruntime": ("onnxruntime", onnx), "torch": ("torch", _exported(model))}
    if "openvino" in here:
        found["openvino"] = ("openvino", _intermediate(onnx, directory / "network.xml"))
    if "litert" in here:
        for kind in ("float", "int8"):
            path = CLASSIFIERS[f"resnet8_{kind}"].path
            if path.is_file():
                found[f"litert_{kind}"] = ("litert", path.read_bytes())
    return found


def _onnx(model: torch.nn.Module, path: Path) -> bytes:
    example = (torch.zeros(_INPUT),)
    torch.onnx.export(model, example, path, dynamo=True, external_data=False, verbose=False)
    return path.read_bytes()


def _exported(model: torch.nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.export.save(torch.export.export(model, (torch.zeros(_INPUT),)), buffer)
    return buffer.getvalue()


def _intermediate(onnx: bytes, path: Path) -> bytes:
    import openvino as ov

    ov.save_model(ov.Core().read_model(onnx), path, compress_to_fp16=False)
    return pack_ir(path.read_bytes(), path.with_suffix(".bin").read_bytes())
