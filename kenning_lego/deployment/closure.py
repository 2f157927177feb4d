"""Which requirements a set of wheels leaves open on another platform.

pip reads markers such as ``python_version < "3.11"`` for the Python that it runs on, even when it
downloads for another one.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from kenning_lego.deployment.errors import BundleError
from kenning_lego.deployment.platforms import Platform


def open_requirements(
    wheels: Iterable[Path], root: str, extras: Iterable[str], platform: Platform
) -> list[str]:
    """Requirements that no wheel among these meets, sorted, without their markers.

    Args:
        wheels: the files.
        root: the package that everything is there for.
        extras: of that package.
        platform: for which markers are read.

    Raises:
        BundleError: a wheel cannot be read.
    """
    there = {_name(path): path for path in wheels}
    environment = dict(platform.markers())
    pending = [(canonicalize_name(root), frozenset(extras))]
    seen = set(pending)
    missing: set[str] = set()
    while pending:
        name, wanted = pending.pop()
        if name not in there:
            continue
        for requirement in _requirements(there[name]):
            if not _applies(requirement, wanted, environment):
                continue
            needed = canonicalize_name(requirement.name)
            if needed not in there:
                requirement.marker = None
                missing.add(str(requirement))
            step = (needed, frozenset(requirement.extras))
            if step not in seen:
                seen.add(step)
                pending.append(step)
    return sorted(missing)


def _applies(
    requirement: Requirement, extras: Iterable[str], environment: Mapping[str, str]
) -> bool:
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras)
    )


def _name(path: Path) -> str:
    try:
        return parse_wheel_filename(path.name)[0]
    except InvalidWheelFilename as error:
        raise BundleError(f"{path} is not named as a wheel", "remove it") from error


def _requirements(wheel: Path) -> list[Requirement]:
    try:
        with zipfile.ZipFile(wheel) as archive:
            name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            headers = HeaderParser().parsestr(archive.read(name).decode())
        return [Requirement(text) for text in headers.get_all("Requires-Dist", [])]
    except (
        OSError,
        zipfile.BadZipFile,
        StopIteration,
        UnicodeDecodeError,
        InvalidRequirement,
    ) as error:
        raise BundleError(f"{wheel} is no sound wheel: {error}", "make the bundle again") from error
