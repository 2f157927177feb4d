"""Names of files after names of tables, charts and reports."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 80


def file_name(text: str) -> str:
    """A name for a file on any system: letters without accents, digits, ``.``, ``-`` and ``_``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain)[:_LONGEST].strip("-.") or "unnamed"


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file's name for each name; no two alike, even where case does not count."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        if name in found:
            continue
        stem = chosen = file_name(name)
        number = 2
        while chosen.lower() in taken:
            chosen, number = f"{stem}-{number}", number + 1
        taken.add(chosen.lower())
        found[name] = chosen
    return found
