"""Reading what the kernel tells below /proc, /sys and /dev."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """The file's text without surrounding space and zeros; empty if it cannot be read.

    Files below /sys may exist and still refuse to be read, each for reasons of its driver.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().strip("\0")
    except OSError:
        return ""


def read_integer(path: Path) -> int | None:
    """The number in the file; None if it cannot be read or holds none."""
    try:
        return int(read_text(path))
    except ValueError:
        return None


def numbered(directory: Path, pattern: str) -> list[Path]:
    """What matches the pattern in the directory, by the number at the end of the name."""
    found = [path for path in directory.glob(pattern) if _number(path.name) is not None]
    return sorted(found, key=lambda path: (_number(path.name), path.name))


def _number(name: str) -> int | None:
    digits = name[len(name.rstrip("0123456789")) :]
    return int(digits) if digits else None
