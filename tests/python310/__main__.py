"""Resolve, install and import the target's part for Python 3.10, run the host's tests against it.

What is installed are the versions that are to be had for Python 3.10, which are older than those
of a host. JetPack 6, which is Ubuntu 22.04, is why this Python is supported at all.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import tomllib

from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.deployment.bundle import Bundle, Engine, make_bundle
from kenning_lego.deployment.platforms import OLDEST_PYTHON, Libc, Platform, architecture, dotted
from tests.targets import TARGET_PYTHON

BASE = Path("build/python310").absolute()
GLIBC = Libc("glibc", (2, 35))
"""Ubuntu 22.04's."""
ENGINES: tuple[Engine, ...] = ("onnxruntime", "tflite")
NAMED_BY = "PYTHON310"
"""Environment variable: path of a Python 3.10."""

IMPORT_ALL = """
import importlib, pkgutil, sys
absent = {"ai_edge_litert", "tflite_runtime", "openvino", "torch"}  # engines of other installations
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}."):
        if found.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if error.name not in absent:
                raise
            print(f"{found.name} needs {error.name}")
ours = [name for name in sys.modules if name.split(".")[0] == "kenning_lego"]
print(f"Python {sys.version.split()[0]} imported {len(ours)} of our modules")
"""


def main(arguments: Sequence[str]) -> int:
    """Arguments are passed on to pytest.

    Raises:
        BundleError: the dependencies cannot be resolved.
        ConfigurationError: they can, but here is no Python 3.10 to import anything with.
    """
    here = architecture(platform.machine())
    bundles = {name: _resolve(name) for name in dict.fromkeys((here, "aarch64"))}
    python = _find_python()
    _say(f"with {python}")
    installed = _install(python, bundles[here])
    _check([str(installed), "-I", "-c", IMPORT_ALL, *_targets_part()])
    os.environ[TARGET_PYTHON] = str(installed)
    command = [sys.executable, "-m", "pytest", "-m", "target", "-n", "auto", "-q", *arguments]
    code = subprocess.run(command, check=False).returncode
    _say("passed" if code == 0 else f"failed with {code}")
    return code


def _resolve(machine: str) -> Bundle:
    """Bundles of both engines; the first engine's is returned."""
    bundles = []
    for engine in ENGINES:
        wanted = Platform(machine, OLDEST_PYTHON, GLIBC)
        bundles.append(make_bundle(BASE / f"wheels-{machine}-{engine}", wanted, engine=engine))
        versions = (" ".join(wheel.name.split("-")[:2]) for wheel in bundles[-1].wheels)
        _say(f"{wanted} with {engine}: {', '.join(versions)}")
    return bundles[0]


def _find_python() -> str:
    for candidate in _candidates():
        version = "import sys; print(*sys.version_info[:2], sep='.')"
        try:
            done = subprocess.run(
                [candidate, "-I", "-c", version], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if done.stdout.strip() == dotted(OLDEST_PYTHON):
            return candidate
    raise ConfigurationError(
        "the dependencies resolve, but no Python 3.10 is here: nothing was imported with it",
        f"install one, or name it: make test-python310 {NAMED_BY}=/path/of/python3.10",
    )


def _candidates() -> Iterator[str]:
    if named := os.environ.get(NAMED_BY):
        yield named
        return
    yield "python3.10"  # may be one of pyenv's that runs no Python
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob("versions/3.10.*/bin/python3.10"), reverse=True))


def _install(python: str, bundle: Bundle) -> Path:
    """An environment with the bundle's wheels and nothing else; its interpreter."""
    environment = BASE / "venv"
    shutil.rmtree(environment, ignore_errors=True)
    _check([python, "-m", "venv", "--without-pip", str(environment)])
    installed = environment / "bin/python"
    pip = [str(installed), str(bundle.directory / bundle.pip.name / "pip"), "--isolated"]
    wheels = ["--no-index", "--find-links", str(bundle.directory)]
    _check([*pip, "install", "--quiet", *wheels, bundle.requirement])
    return installed


def _targets_part() -> list[str]:
    """Names of what a target imports, as the import contracts have it."""
    content = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    contracts = {each["id"]: each for each in content["tool"]["importlinter"]["contracts"]}
    named: list[str] = contracts["target"]["source_modules"]
    return [*named, "kenning_lego.selection", "kenning_lego.cli"]


def _check(command: Sequence[str]) -> None:
    subprocess.run(command, check=True)


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(run(main))
