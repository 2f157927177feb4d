"""An environment of its own for tflite-runtime, which needs a numpy before 2."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

PYTHON = "KENNING_LEGO_TFLITE_PYTHON"
"""Environment variable: an interpreter that has tflite-runtime and what a target needs."""

_HERE = Path(__file__).parents[1] / "build" / "env-tflite"
_PACKAGES = (
    "tflite-runtime==2.14.0",
    "numpy<2",
    "msgpack",
    "psutil",
    "pydantic",
    "pyyaml",
    "pyzmq",
)


def tflite_python() -> tuple[Path, str] | str:
    """The interpreter and tflite-runtime's version there, or why there is none.

    It is the one that :data:`PYTHON` names, else one that is made below ``build`` once, from the
    package index.
    """
    named = os.environ.get(PYTHON)
    python = Path(named) if named else _HERE / "bin" / "python"
    if not named and not python.exists():
        venv.create(_HERE, with_pip=True)
    version = _version(python)
    if version is None and not named:
        command = f"{python} -m pip install --disable-pip-version-check -q".split()
        done = subprocess.run([*command, *_PACKAGES], capture_output=True, text=True, check=False)
        if done.returncode:
            return str(done.stderr.strip().splitlines()[-1])
        version = _version(python)
    return (python, version) if version else f"{python} cannot import tflite_runtime"


def environment() -> dict[str, str]:
    """Environment variables with which that interpreter finds kenning-lego: this checkout's."""
    return {**os.environ, "PYTHONPATH": str(_HERE.parents[1]), "OMP_NUM_THREADS": "1"}


def _version(python: Path) -> str | None:
    script = "import importlib.metadata as m, tflite_runtime.interpreter; "
    script += "print(m.version('tflite-runtime'))"
    done = subprocess.run(
        [python, "-c", script], capture_output=True, text=True, check=False, cwd=sys.prefix
    )
    return done.stdout.strip() if done.returncode == 0 else None
