"""Fetch published files, checked against their published MD5; runs only when asked for."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError

_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Download:
    """A published file.

    Args:
        url: where it is.
        md5: what its publisher says of it, in hexadecimal.
    """

    url: str
    md5: str

    @property
    def name(self) -> str:
        """File name of the download."""
        return self.url.rpartition("/")[2]


def fetch(download: Download, directory: Path) -> Path:
    """Fetch a file into a directory, which is made if needed; nothing partial is left there.

    Returns:
        The path of the complete, checked file.

    Raises:
        ConfigurationError: it cannot be fetched or written, or is not what was published.
    """
    destination = directory / download.name
    by_hand = f"or fetch it by hand into {directory.absolute()}"
    temporary: Path | None = None
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=directory, prefix=f".{download.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            digest = hashlib.md5(usedforsecurity=False)
            # Only the constant addresses of our own modules come here.
            with urllib.request.urlopen(download.url, timeout=_TIMEOUT_S) as response:  # noqa: S310
                while chunk := response.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != download.md5:
            raise ConfigurationError(
                f"{download.url} has MD5 {digest.hexdigest()}, published is {download.md5}",
                f"try again, {by_hand}",
            )
        temporary.chmod(0o644)  # temporary files are private
        temporary.replace(destination)
    except (OSError, HTTPException) as error:
        raise ConfigurationError(
            f"cannot fetch {download.url}: {error}", f"check the network and the disk, {by_hand}"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return destination
