"""TensorRT engines that are kept per device, and how long they took to build.

TensorRT compiles a network for the very GPU, and takes minutes for it. ONNX Runtime keeps what
came of it where it is told to; which engine belongs to which network it decides by names alone, so
each network has a prefix of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_PREFIX_LENGTH = 24


@dataclass(frozen=True, slots=True)
class EngineBuild:
    """How an engine came about.

    Args:
        seconds: for the session and its first run, in which engines are built or read.
        cached: whether it was read from the cache.
    """

    seconds: float
    cached: bool


def gpu_name(root: Path = Path("/")) -> str:
    """The GPU's name, or the board's where the GPU is part of it; ``gpu`` if neither is known.

    Args:
        root: where ``proc`` is; another directory in tests.
    """
    for path in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "Model" and value.strip():
                return value.strip()
    try:
        board = (root / "proc/device-tree/model").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "gpu"
    return board.strip("\0 \n") or "gpu"


def device_directory(cache: Path, gpu: str, engine_version: str) -> Path:
    """Where engines of one GPU and one release of ONNX Runtime are kept.

    Args:
        cache: the server's directory for engines.
        gpu: see :func:`gpu_name`.
        engine_version: ONNX Runtime's; with it comes another TensorRT.
    """
    return cache / "tensorrt" / _UNFIT.sub("-", f"{gpu} {engine_version}").strip("-")


def prefix_of(artifact: bytes, *, fp16: bool, batch: int) -> str:
    """The beginning of the names of a network's engines."""
    return f"{sha256(artifact).hexdigest()[:_PREFIX_LENGTH]}-{'fp16' if fp16 else 'fp32'}-{batch}"


def tensorrt_settings(directory: Path | None, prefix: str, *, fp16: bool) -> dict[str, str]:
    """Settings of ONNX Runtime's TensorRT provider.

    Args:
        directory: for the engines of this device; None keeps none.
        prefix: see :func:`prefix_of`.
        fp16: whether it may compute in half precision.
    """
    settings = {"trt_fp16_enable": str(int(fp16))}
    if directory is not None:
        settings |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": str(directory),
            "trt_engine_cache_prefix": prefix,
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": str(directory),
        }
    return settings


def engines_in(directory: Path | None, prefix: str) -> frozenset[str]:
    """Names of a network's engines in the cache."""
    if directory is None or not directory.is_dir():
        return frozenset()
    return frozenset(path.name for path in directory.glob(f"{prefix}*.engine"))


def build_of(before: Collection[str], after: Collection[str], seconds: float) -> EngineBuild:
    """What the names of engines before and after loading say about their build."""
    return EngineBuild(seconds, cached=bool(before) and set(before) == set(after))
