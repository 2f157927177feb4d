"""One file with all that a self-test found, fit to be sent to strangers."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

from kenning_lego.core.errors import WorkspaceError
from kenning_lego.operations.selftest.record import SelftestRecord, parse_record
from kenning_lego.store.atomic import write_bytes

RECORD, DOCTOR, LOG = "record.json", "doctor.json", "server.log"
MAX_BYTES = 64 << 20
"""Larger members are not read."""

_FOLDER = "kenning-lego-selftest"


def default_name(now: float) -> str:
    """A name that tells when, in UTC, and neither who nor where."""
    return f"{_FOLDER}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}.tar.gz"


def write_bundle(path: Path, files: Mapping[str, str], now: float) -> None:
    """Write the files as one archive, whole or not at all, without owners or other times.

    Args:
        path: of the archive.
        files: text by name.
        now: seconds since 1970, for all files.

    Raises:
        StoreError: it cannot be written.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=int(now), filename="") as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(f"{_FOLDER}/{name}")
            member.size, member.mtime, member.mode = len(content), int(now), 0o644
            archive.addfile(member, io.BytesIO(content))
    write_bytes(path, packed.getvalue())


def read_bundle(path: Path) -> SelftestRecord:
    """The record in a bundle; nothing is unpacked.

    Raises:
        WorkspaceError: it is no bundle of ours, or its record cannot be read.
    """
    wanted = f"{_FOLDER}/{RECORD}"
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for member in archive:
                if member.name != wanted or not member.isfile() or member.size > MAX_BYTES:
                    continue
                file = archive.extractfile(member)
                if file is not None:
                    return parse_record(file.read(), f"{path}: {RECORD}")
    except (OSError, EOFError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WorkspaceError(
            f"cannot read the bundle {path}: {reason}", "name a file that `selftest` wrote"
        ) from error
    raise WorkspaceError(f"{path} has no {RECORD} of a self-test", "name a bundle of `selftest`")
