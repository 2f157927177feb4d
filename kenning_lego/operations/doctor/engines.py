"""Which engines are installed, and whether they can be used.

What an engine can run on is known only once it is imported. That happens in a process of its own:
an import that crashes or hangs is then a finding, and nothing of it stays here.
"""

from __future__ import annotations

import importlib.metadata
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from kenning_lego.operations.doctor.facts import Engine
from kenning_lego.runtimes.lookup import engine_packages
from kenning_lego.servers.child import child_environment

IMPORT_PATIENCE_S = 60.0

_ONNX_RUNTIME = """
import json, onnxruntime as engine
print(json.dumps([engine.__version__, list(engine.get_available_providers())]))
"""
_LITERT = """
import json
try:
    from ai_edge_litert import interpreter
except ModuleNotFoundError:
    from tflite_runtime import interpreter
interpreter.Interpreter
print(json.dumps(["", ["CPU"]]))
"""
_OPENVINO = """
import json, openvino
print(json.dumps(["", list(openvino.Core().available_devices)]))
"""
_TORCH = """
import json, torch
print(json.dumps([torch.__version__, ["cpu", *["cuda"] * torch.cuda.is_available()]]))
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution that may be installed.

    Args:
        engine: what it is.
        distribution: its name on the package index.
        probe: a program that imports it and prints [version, providers] as JSON; empty for those
            that would take long to import and that no artifact runs on.
    """

    engine: str
    distribution: str
    probe: str


PACKAGES = (
    Package("onnxruntime", "onnxruntime", _ONNX_RUNTIME),
    Package("onnxruntime", "onnxruntime-gpu", _ONNX_RUNTIME),
    Package("onnxruntime", "onnxruntime-openvino", _ONNX_RUNTIME),
    Package("onnxruntime", "onnxruntime-qnn", _ONNX_RUNTIME),
    Package("litert", "ai-edge-litert", _LITERT),
    Package("litert", "tflite-runtime", _LITERT),
    Package("openvino", "openvino", _OPENVINO),
    Package("tensorrt", "tensorrt", ""),
    Package("torch", "torch", _TORCH),
)


def look_at_engines(patience_s: float = IMPORT_PATIENCE_S) -> tuple[Engine, ...]:
    """Every engine whose package is installed, imported side by side.

    Args:
        patience_s: how long an import may take.
    """
    supported = engine_packages()
    probes = [
        (package, version, _Probe(package.probe))
        for package in PACKAGES
        if (version := installed_version(package.distribution))
    ]
    deadline = time.monotonic() + patience_s
    found = []
    for package, version, probe in probes:
        outcome = probe.wait(deadline)
        found.append(
            Engine(
                name=package.engine,
                package=package.distribution,
                version=outcome.version or version,
                supported=package.distribution in supported,
                providers=outcome.providers,
                import_s=outcome.seconds,
                problem=outcome.problem,
            )
        )
    return tuple(found)


def installed_version(distribution: str) -> str | None:
    """The installed version of a distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an import."""

    version: str = ""
    providers: tuple[str, ...] = ()
    seconds: float | None = None
    problem: str | None = None


class _Probe:
    """An import under way; nothing is done for an empty program."""

    def __init__(self, program: str) -> None:
        self._began = time.monotonic()
        self._process: subprocess.Popen[bytes] | None = None
        if program:
            # Not below the directory that we are in, where a module of that name may lie.
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=child_environment(),
            )

    def wait(self, deadline: float) -> Outcome:
        if self._process is None:
            return Outcome()
        with self._process as process:
            try:
                output, errors = process.communicate(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                waited = time.monotonic() - self._began
                return Outcome(problem=f"importing it takes longer than {waited:.0f} s")
        seconds = round(time.monotonic() - self._began, 2)
        return read_outcome(process.returncode, output, errors, seconds)


def read_outcome(code: int, output: bytes, errors: bytes, seconds: float) -> Outcome:
    """What a probe's exit code and output mean."""
    if code < 0:
        return Outcome(problem=f"importing it was ended by {signal.Signals(-code).name}")
    if code > 0:
        lines = errors.decode(errors="replace").strip().splitlines()
        said = lines[-1][:300] if lines else f"exit code {code}"
        return Outcome(problem=f"importing it fails: {said}")
    try:
        # Engines may greet on standard output; what we asked for comes last.
        version, providers = json.loads(output.splitlines()[-1])
    except (IndexError, ValueError):
        return Outcome(problem="importing it prints nothing that we understand")
    return Outcome(str(version), tuple(map(str, providers)), seconds)
