"""The script as it stands in a page, and the digest by which the page allows it and no other."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_PARTS = (
    "elements",
    "colours",
    "sections",
    "tables",
    "download",
    "subjects",
    "marks",
    "plots",
    "listings",
    "start",
)
"""In order: each uses only what is above it."""


@dataclass(frozen=True, slots=True)
class PageScript:
    """A script between its tags.

    Args:
        text: of the script.
        digest: as a Content-Security-Policy names it, such as ``sha256-...``.
    """

    text: str
    digest: str


@lru_cache(maxsize=1)
def page_script() -> PageScript:
    """The script of every page."""
    folder = resources.files("kenning_lego.reports.script")
    parts = [(folder / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS]
    text = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return PageScript(text, f"sha256-{digest}")
