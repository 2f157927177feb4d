"""Published archives, fetched if asked for and unpacked beside themselves."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.download import Download, fetch


def unpacked(root: Path, folder: str, archive: Download, download: bool) -> Path | None:
    """A directory that an archive holds: as it lies in root, or from the archive there.

    Args:
        root: where to look and to unpack.
        folder: the directory in the archive that holds all its files.
        archive: how it is published.
        download: fetch it if neither is there.

    Returns:
        The directory, or None if there is neither.

    Raises:
        ConfigurationError: the archive cannot be fetched, or is damaged.
    """
    directory = root / folder
    if directory.is_dir():
        return directory
    if download and not (root / archive.name).is_file():
        fetch(archive, root)
    if not (root / archive.name).is_file():
        return None
    unpack(root / archive.name, folder, directory)
    return directory


def unpack(archive: Path, folder: str, destination: Path) -> None:
    """Unpack one directory of a tar archive: all of it, or nothing.

    Only plain files are taken, and none that would lie elsewhere.

    Raises:
        ConfigurationError: the archive is damaged, has no such directory, or the disk is full.
    """
    try:
        with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".unpacked.") as place:
            temporary = Path(place, destination.name)
            temporary.mkdir()  # temporary directories are private, this one is not
            _extract(archive, folder, temporary)
            if not any(temporary.iterdir()):
                raise ConfigurationError(
                    f"{archive} has no files in {folder}/", "replace it by a fresh copy"
                )
            temporary.replace(destination)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise ConfigurationError(
            f"cannot unpack {archive}: {error}", "replace it by a fresh copy, or free some space"
        ) from error


def _extract(archive: Path, folder: str, destination: Path) -> None:
    with tarfile.open(archive, "r:*") as members:
        for member in members:
            path = PurePosixPath(member.name)
            if not member.isfile() or ".." in path.parts or path.is_absolute():
                continue
            if not path.is_relative_to(folder):
                continue
            content = members.extractfile(member)
            target = destination / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)  # type: ignore[arg-type]  # of a file never None
