"""Where artifacts are deployed to: an engine behind a server, in this environment or in its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine_turns import Turns
from benchmarks.processes import Server, running_server
from benchmarks.tflite_environment import environment, tflite_python
from kenning_lego.runtimes.lookup import installed_engines

_FORMATS: Mapping[str, tuple[str, ...]] = {
    "onnxruntime": ("onnx",),
    "openvino": ("openvino", "onnx"),
    "litert": ("tflite",),
    "torch": ("torch",),
}
"""What each engine reads."""


@dataclass(frozen=True, slots=True)
class Place:
    """An engine.

    Args:
        label: to call it.
        engine: name of the runtime.
        formats: of artifacts that it reads.
        server: that has it.
        python: the server's interpreter.
        variables: the environment of that interpreter; None for ours.
    """

    label: str
    engine: str
    formats: tuple[str, ...]
    server: Server
    python: Path | str = sys.executable
    variables: Mapping[str, str] | None = None

    def turns(self, path: Path, rounds: int, pairs: int) -> Turns:
        """Our call and the engine's own, in turn, in a process of its own.

        Args:
            path: of the artifact.
            rounds: calls of each that are recorded.
            pairs: of sessions.
        """
        command = [self.python, "-m", "benchmarks.engine_turns", self.engine, path]
        done = subprocess.run(
            [*map(str, command), str(rounds), str(pairs)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env=self.variables,
        )
        return Turns(**json.loads(done.stdout.splitlines()[-1]))


def places(directory: Path, stack: ExitStack) -> list[Place]:
    """All engines that can be had here; what cannot is named on the terminal.

    Args:
        directory: for the servers' stores.
        stack: ends the servers.
    """
    here = installed_engines()
    missing = sorted(set(_FORMATS) - set(here))
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
    server = stack.enter_context(running_server(directory, curve=False))
    found = [Place(e, e, formats, server) for e, formats in _FORMATS.items() if e in here]
    older = tflite_python()
    if isinstance(older, str):
        print(f"no tflite-runtime: {older}", file=sys.stderr)
        return found
    python, version = older
    print(f"tflite-runtime {version} in {python}", file=sys.stderr)
    own = directory / "tflite"
    own.mkdir()
    variables = environment()
    server = stack.enter_context(
        running_server(own, curve=False, python=python, environment=variables)
    )
    label = "tflite-runtime"
    return [*found, Place(label, "litert", _FORMATS["litert"], server, python, variables)]
