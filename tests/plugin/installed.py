"""The example plugin, installed as its users install it, and commands that find it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import kenning_lego

ROOT = Path(kenning_lego.__file__).parents[1]
SOURCE = ROOT / "examples" / "kenning-lego-affine"


@dataclass(frozen=True)
class Plugin:
    """Where it is installed.

    Args:
        directory: what ``pip install --target`` was given.
    """

    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """In which Python finds it."""
        places = [str(ROOT), str(self.directory), os.environ.get("PYTHONPATH", "")]
        return {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
        }

    def kenning_lego(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a verb."""
        return subprocess.run(
            [sys.executable, "-m", "kenning_lego.cli", *arguments],
            env=self.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @contextmanager
    def serving(self, directory: Path, *flags: str) -> Iterator[tuple[str, str]]:
        """A server; its address, and what it says of its engines."""
        command = [sys.executable, "-m", "kenning_lego.cli", "serve", *flags]
        command += ["--address", "tcp://127.0.0.1:0", "--store", str(directory / "store")]
        with (
            (directory / "server.log").open("w") as log,
            subprocess.Popen(
                command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            ) as process,
        ):
            try:
                assert process.stdout is not None
                announced, engines = process.stdout.readline(), process.stdout.readline()
                assert "listening on" in announced, (directory / "server.log").read_text()
                yield announced.split()[-1], engines
            finally:
                process.terminate()
                process.wait(10)


def install(directory: Path) -> Plugin:
    """Build the package and install it into a directory of its own, offline."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("needs hatchling, which builds the plugin")
    copy = directory / "source"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    target = directory / "site"
    flags = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(target))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", *flags, str(copy)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Plugin(target)
