"""A bundle: a directory with every wheel that a board needs, and a manifest of their sha256.

`make_bundle` needs no board, only its platform. What it makes can be carried over by any means:
``sha256sum -c SHA256SUMS``, then ``pip install --no-index --find-links . kenning-lego``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from kenning_lego import __version__
from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.deployment.errors import BundleError
from kenning_lego.deployment.platforms import Libc, Platform
from kenning_lego.deployment.wheels import pack_installed, pack_own
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.atomic import write_bytes, write_json

Engine = Literal["onnxruntime", "tflite", "none"]

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
_LAYOUT = 1
_PACKAGE = "kenning-lego"
_PIP_REMARKS = 3
"""Lines of pip's output that an error repeats."""
_ROUNDS = 8
"""Downloads until nothing is missing; each one goes a level deeper."""


@dataclass(frozen=True, slots=True)
class BundledWheel:
    """A file of a bundle.

    Args:
        name: of the file.
        size: in bytes.
        unpacked: bytes of what is in it.
        sha256: of the file, in hexadecimal.
    """

    name: str
    size: int
    unpacked: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A directory of wheels for one platform.

    Args:
        directory: where the files are.
        version: of kenning-lego in it.
        engine: that comes along.
        platform: that the wheels fit; None if only those that fit any are in it.
        wheels: all its files.
    """

    directory: Path
    version: str
    engine: Engine
    platform: Platform | None
    wheels: tuple[BundledWheel, ...]

    @property
    def size(self) -> int:
        """Bytes of all wheels."""
        return sum(wheel.size for wheel in self.wheels)

    @property
    def unpacked(self) -> int:
        """Bytes of all that is in them."""
        return sum(wheel.unpacked for wheel in self.wheels)

    @property
    def own(self) -> BundledWheel:
        """kenning-lego itself."""
        return self._named("kenning_lego-")

    @property
    def pip(self) -> BundledWheel:
        """The pip that installs the rest."""
        return self._named("pip-")

    @property
    def requirement(self) -> str:
        """What pip is to install, with the engine as an extra."""
        return requirement(self.engine, self.version)

    def _named(self, prefix: str) -> BundledWheel:
        for wheel in self.wheels:
            if wheel.name.startswith(prefix):
                return wheel
        raise BundleError(f"{self.directory} has no wheel {prefix}*", "make the bundle again")


def requirement(engine: Engine, version: str) -> str:
    """kenning-lego of one version with an engine, as pip reads it."""
    extras = "" if engine == "none" else f"[{engine}]"
    return f"{_PACKAGE}{extras}=={version}"


def make_bundle(
    directory: Path,
    platform: Platform,
    *,
    engine: Engine = "onnxruntime",
    wheels: Path | None = None,
) -> Bundle:
    """Gather every wheel that a board of this platform needs.

    Args:
        directory: where to; made if need be, and replaced if a bundle is there.
        platform: of the board.
        engine: to bring along.
        wheels: a directory to take the dependencies from, instead of pip's configured index.

    Raises:
        BundleError: something else is in the directory, or pip finds no wheels that fit.
    """
    try:
        from kenning_lego.deployment.closure import open_requirements
    except ImportError as error:
        raise MissingDependencyError(error.name or "packaging", "host", "a bundle") from error

    _refuse_foreign(directory)
    with tempfile.TemporaryDirectory(prefix="kenning-lego-bundle-") as name:
        gathered = Path(name) / "wheels"
        own = pack_own(gathered)
        pack_installed("pip", gathered)
        extras = [] if engine == "none" else [engine]
        wanted = [f"{own}[{engine}]" if extras else str(own)]
        for _ in range(_ROUNDS):
            _download(wanted, gathered, platform, wheels)
            wanted = open_requirements(gathered.glob("*.whl"), _PACKAGE, extras, platform)
            if not wanted:
                return _settle(gathered, directory, engine, platform)
    raise BundleError(f"pip does not find {', '.join(wanted)}", "name them in --wheels DIRECTORY")


def make_core_bundle(directory: Path, *, engine: Engine) -> Bundle:
    """Only kenning-lego and pip, for a board that finds the rest in an index of its own.

    Raises:
        BundleError: something else is in the directory.
    """
    _refuse_foreign(directory)
    with tempfile.TemporaryDirectory(prefix="kenning-lego-bundle-") as name:
        gathered = Path(name) / "wheels"
        pack_own(gathered)
        pack_installed("pip", gathered)
        return _settle(gathered, directory, engine, None)


def load_bundle(directory: Path) -> Bundle:
    """The bundle in a directory; its files are checked.

    Raises:
        BundleError: there is none, or a file is not what the manifest says.
    """
    try:
        content = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        bundle = _from_manifest(directory, content)
    except OSError as error:
        raise BundleError(
            f"{directory} is no bundle: {error.strerror}", "make one with --bundle-only"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"{directory / MANIFEST} is damaged, or of another layout", "make the bundle again"
        ) from error
    for wheel in bundle.wheels:
        path = directory / wheel.name
        if (
            path.name != wheel.name
            or not path.is_file()
            or digest_of(path.read_bytes()) != wheel.sha256
        ):
            raise BundleError(
                f"{path} is not what the bundle's manifest says", "make the bundle again"
            )
    return bundle


def _refuse_foreign(directory: Path) -> None:
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise BundleError(f"{directory} holds something else", "name a new directory")


def _download(
    requirements: Sequence[str], gathered: Path, platform: Platform, wheels: Path | None
) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--dest", str(gathered)]
    command += ["--implementation", "cp", "--abi", platform.abi]
    command += ["--python-version", f"{platform.python[0]}.{platform.python[1]}"]
    for tag in platform.tags:
        command += ["--platform", tag]
    command += ["--find-links", str(gathered)]
    if wheels is not None:
        command += ["--no-index", "--find-links", str(wheels)]
    done = subprocess.run([*command, *requirements], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _pip_error(done.stderr, platform)


def _pip_error(errors: str, platform: Platform) -> BundleError:
    lines = [line.strip() for line in errors.splitlines() if line.startswith("ERROR:")]
    said = "; ".join(line.removeprefix("ERROR: ") for line in lines[-_PIP_REMARKS:])
    if "No matching distribution" in said:
        remedy = "another --engine or another Python on the board may have wheels, or name --wheels"
    else:
        remedy = "check the network and pip's index, or take wheels from --wheels DIRECTORY"
    return BundleError(f"pip finds no wheels for {platform}: {said or errors.strip()}", remedy)


def _settle(gathered: Path, directory: Path, engine: Engine, platform: Platform | None) -> Bundle:
    """Describe the gathered wheels, and move them where they are wanted."""
    files = sorted(gathered.glob("*.whl"))
    wheels = tuple(
        BundledWheel(path.name, path.stat().st_size, _unpacked(path), digest_of(path.read_bytes()))
        for path in files
    )
    bundle = Bundle(directory, __version__, engine, platform, wheels)
    sums = "".join(f"{wheel.sha256}  {wheel.name}\n" for wheel in wheels)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for old in (*directory.glob("*.whl"), directory / MANIFEST, directory / SUMS):
            old.unlink(missing_ok=True)
        for path in files:
            shutil.move(path, directory / path.name)
    except OSError as error:
        raise BundleError(
            f"cannot write {directory}: {error.strerror}", "check its permissions and free space"
        ) from error
    write_bytes(directory / SUMS, sums.encode())
    write_json(directory / MANIFEST, _to_manifest(bundle))  # last: with it, it is a bundle
    return bundle


def _unpacked(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _to_manifest(bundle: Bundle) -> dict[str, Any]:
    return {
        "kind": "bundle",
        "layout": _LAYOUT,
        "version": bundle.version,
        "engine": bundle.engine,
        "platform": None if bundle.platform is None else asdict(bundle.platform),
        "wheels": [asdict(wheel) for wheel in bundle.wheels],
    }


def _from_manifest(directory: Path, content: dict[str, Any]) -> Bundle:
    if content["kind"] != "bundle" or content["layout"] != _LAYOUT:
        raise ValueError("another layout")
    platform = content["platform"]
    if platform is not None:
        libc = Libc(platform["libc"]["kind"], tuple(platform["libc"]["version"]))
        platform = Platform(platform["architecture"], tuple(platform["python"]), libc)
    wheels = tuple(BundledWheel(**wheel) for wheel in content["wheels"])
    return Bundle(directory, content["version"], content["engine"], platform, wheels)
