"""Wheels of what is installed here, packed again: kenning-lego itself, and pip.

A board then gets this very code, not the newest of an index, and neither a build backend nor an
index is needed for it. Equal files give equal bytes, so that a wheel's sha256 tells whether a
board has this code already. The format is that of PyPA's binary distribution format 1.0.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

import kenning_lego
from kenning_lego.deployment.errors import BundleError

_LEVEL = 6
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
_FILE_MODE = 0o644 << 16
_LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


def pack_own(directory: Path) -> Path:
    """The wheel of the kenning-lego that runs here, from a checkout or an installation.

    Args:
        directory: where to put it.

    Raises:
        BundleError: it runs without having been installed, so that its dependencies are unknown.
    """
    found = _distribution("kenning-lego", "install it here, if only with `pip install -e .`")
    information = _information(found)
    version = kenning_lego.__version__  # an editable installation may still say an older one
    information["METADATA"] = re.sub(
        rb"^Version: .*$",
        f"Version: {version}".encode(),
        information["METADATA"],
        count=1,
        flags=re.MULTILINE,
    )
    information["WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: kenning-lego\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    package = Path(kenning_lego.__file__).parent
    files = {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return _pack(directory, "kenning_lego", version, "py3-none-any", files, information)


def pack_installed(name: str, directory: Path) -> Path:
    """The wheel of a package that is installed here, from its record of files.

    Args:
        name: of the package.
        directory: where to put it.

    Raises:
        BundleError: it is not installed, or not from a wheel.
    """
    remedy = "python -m ensurepip" if name == "pip" else f"pip install {name}"
    found = _distribution(name, f"install it here: {remedy}")
    information = _information(found)
    files: dict[str, bytes] = {}
    for entry in found.files or ():
        # Scripts stand outside; an installer makes them again from the entry points.
        inside = ".." not in entry.parts and "__pycache__" not in entry.parts
        if inside and not entry.parts[0].endswith(".dist-info"):
            files[PurePosixPath(*entry.parts).as_posix()] = Path(str(entry.locate())).read_bytes()
    tags = re.findall(rb"^Tag: *(\S+)", information.get("WHEEL", b""), flags=re.MULTILINE)
    if not files or not tags:
        raise BundleError(
            f"{name} was not installed here from a wheel", f"pip install --force-reinstall {name}"
        )
    safe = re.sub(r"[-_.]+", "_", name)
    return _pack(directory, safe, found.version, _compressed(tags), files, information)


def _distribution(name: str, remedy: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        raise BundleError(f"{name} is not installed here", remedy) from error


def _information(found: Distribution) -> dict[str, bytes]:
    """The files of the dist-info directory that belong into a wheel."""
    information: dict[str, bytes] = {}
    for entry in found.files or ():
        head, *rest = entry.parts
        if head.endswith(".dist-info") and rest and rest[0] not in _LEFT_OUT:
            information["/".join(rest)] = Path(str(entry.locate())).read_bytes()
    if "METADATA" not in information:
        raise BundleError(
            f"{found.name} was installed here by other means than pip", "install it in a venv"
        )
    return information


def _compressed(tags: Iterable[bytes]) -> str:
    """The tags of a wheel as one, PEP 425's compressed set."""
    parts = [tag.decode().split("-") for tag in tags]
    columns = ([part[column] for part in parts] for column in range(3))
    return "-".join(".".join(dict.fromkeys(column)) for column in columns)


def _pack(
    directory: Path,
    name: str,
    version: str,
    tag: str,
    files: Mapping[str, bytes],
    information: Mapping[str, bytes],
) -> Path:
    root = f"{name}-{version}.dist-info"
    content = dict(sorted(files.items()))
    content |= {f"{root}/{path}": data for path, data in sorted(information.items())}
    content[f"{root}/RECORD"] = _record(content, f"{root}/RECORD")
    target = directory / f"{name}-{version}-{tag}.whl"
    directory.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for path, data in content.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, _LEVEL)
    return target


def _record(content: Mapping[str, bytes], own: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for path, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((path, f"sha256={digest}", len(data)))
    rows.writerow((own, "", ""))
    return text.getvalue().encode()
