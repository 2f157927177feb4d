"""What a record's memory means, in words."""

from __future__ import annotations

from collections.abc import Mapping

from kenning_lego.core.records import MemoryTerm

MEMORY: Mapping[MemoryTerm, str] = {
    "artifact": "Size of the artifacts",
    "rss": "Memory once loaded",
    "peak": "Peak memory while running",
}
"""As a heading."""
