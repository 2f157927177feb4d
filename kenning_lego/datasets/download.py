"""Fetch published files, checked against their published MD5; runs only when asked for.

What arrived of a file that broke off stays beside its place, and the next attempt goes on there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import BufferedRandom
from pathlib import Path
from typing import cast
from urllib.error import HTTPError

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.download_bar import download_bar

_CHUNK_BYTES = 1 << 20
_TIMEOUT_S = 30
_PARTIAL = 206
_RANGE_NOT_SATISFIABLE = 416

OnBytes = Callable[[int, int | None], None]
"""Told how many bytes are there, and how many there will be if that is known."""


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


def fetch(download: Download, directory: Path, on_bytes: OnBytes | None = None) -> Path:
    """Fetch a file into a directory, which is made if needed.

    Goes on where an earlier attempt ended, and after a connection that broke for as long as each
    one brings something.

    Args:
        download: what to fetch.
        directory: where to put it.
        on_bytes: called after every piece; by default a bar is shown.

    Returns:
        The path of the complete, checked file.

    Raises:
        ConfigurationError: it cannot be fetched or written, is not what was published, or another
            process fetches it.
    """
    destination = directory / download.name
    partial = directory / f".{download.name}.partial"
    by_hand = f"or fetch it by hand into {directory.absolute()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with partial.open("ab+") as file:
            _lock(file, partial, download)
            try:
                if on_bytes is not None:
                    _complete(download, file, on_bytes)
                else:
                    with download_bar(download.name) as shown:
                        _complete(download, file, shown)
                found = _md5(file)
                if found != download.md5:
                    file.truncate(0)
                    raise ConfigurationError(
                        f"{download.url} has MD5 {found}, published is {download.md5}",
                        f"try again, {by_hand}",
                    )
                partial.replace(destination)
            finally:
                if not os.fstat(file.fileno()).st_size:
                    partial.unlink(missing_ok=True)
    except (OSError, HTTPException) as error:
        kept = partial.stat().st_size if partial.exists() else 0
        again = f"run it again to go on after {kept / 1e6:.1f} MB" if kept else "try again"
        raise ConfigurationError(
            f"cannot fetch {download.url}: {error}",
            f"check the network and the disk, {by_hand}; {again}",
        ) from error
    return destination


def _lock(file: BufferedRandom, path: Path, download: Download) -> None:
    """Keep other processes from writing to the same file; ends when it is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except BlockingIOError:
        locked = False
    if not locked:  # or the other was done, and has moved the file, since it was opened
        raise ConfigurationError(
            f"another process fetches {download.url} into the same directory", "wait for it"
        )


def _complete(download: Download, file: BufferedRandom, on_bytes: OnBytes) -> None:
    """Add what is missing at the end of the file."""
    while True:
        before = file.seek(0, os.SEEK_END)
        try:
            if _receive(download, file, on_bytes):
                return
        except (OSError, HTTPException) as error:
            refused = isinstance(error, HTTPError)
            if refused or file.seek(0, os.SEEK_END) <= before:
                raise
        else:
            if file.seek(0, os.SEEK_END) <= before:
                raise OSError("the server closed the connection early")


def _receive(download: Download, file: BufferedRandom, on_bytes: OnBytes) -> bool:
    """One request for the rest of the file; whether it is whole then."""
    start = file.seek(0, os.SEEK_END)
    # Only the constant addresses of our own modules come here.
    request = urllib.request.Request(download.url)  # noqa: S310
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        opened = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    except HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return True  # nothing is left to fetch: the digest tells whether it is the file
        raise
    with closing(cast(HTTPResponse, opened)) as response:
        if response.status != _PARTIAL:
            start = 0
            file.truncate(0)
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        received = start
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            received += len(chunk)
            on_bytes(received, total)
        file.flush()
        os.fsync(file.fileno())
    return total is None or received >= total


def _md5(file: BufferedRandom) -> str:
    file.seek(0)
    return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
