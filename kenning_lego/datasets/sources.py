"""Find a dataset's files under a directory: extracted, or in the archive as it was published."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Release:
    """How one edition of a dataset is published.

    Args:
        archive: file name of the .tar.gz.
        folder: the directory in it that holds all files.
        names: the files that are needed.
    """

    archive: str
    folder: str
    names: tuple[str, ...]


def find_release(root: Path, releases: Sequence[Release]) -> tuple[Release, Path] | None:
    """The first release that lies under root, and the directory or archive that it lies in.

    The files may lie in root, in the release's folder under root, or in its archive under root;
    root may be that archive. Extracted files are preferred, since they are faster to read.
    """
    for release in releases:
        for directory in (root / release.folder, root):
            if all((directory / name).is_file() for name in release.names):
                return release, directory
    for release in releases:
        for archive in (root / release.archive, root):
            if archive.name == release.archive and archive.is_file():
                return release, archive
    return None


def read_release(release: Release, place: Path) -> Mapping[str, bytes]:
    """The contents of a release's files by name; archives are read without extracting them.

    Args:
        release: what to read.
        place: the directory or archive that :func:`find_release` found.

    Raises:
        ConfigurationError: a file cannot be read, or the archive is damaged or lacks one.
    """
    try:
        if place.is_dir():
            return {name: (place / name).read_bytes() for name in release.names}
        contents = _read_members(
            place, {f"{release.folder}/{name}": name for name in release.names}
        )
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise ConfigurationError(
            f"cannot read {place}: {error}", "replace it by a fresh copy"
        ) from error
    missing = [name for name in release.names if name not in contents]
    if missing:
        raise ConfigurationError(
            f"{place} lacks {', '.join(missing)} in {release.folder}/", "replace it by a fresh copy"
        )
    return contents


def missing_files(title: str, root: Path, expected: str, fetched: str) -> ConfigurationError:
    """The error for a dataset that is not there: where it was looked for and how to get it."""
    state = "" if root.exists() else ", which does not exist"
    return ConfigurationError(
        f"{title} is not in {root.absolute()}{state}; expected there: {expected}",
        f"set root to where it is, or download: true to fetch {fetched}",
    )


def _read_members(archive: Path, wanted: Mapping[str, str]) -> dict[str, bytes]:
    """Read members in one pass, since a compressed archive cannot be sought in cheaply."""
    contents: dict[str, bytes] = {}
    with tarfile.open(archive, "r:*") as members:
        for member in members:
            name = wanted.get(member.name.removeprefix("./"))
            stream = members.extractfile(member) if name and member.isfile() else None
            if name and stream:
                contents[name] = stream.read()
            if len(contents) == len(wanted):
                break
    return contents
