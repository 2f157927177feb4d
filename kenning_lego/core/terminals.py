"""What a terminal, file or pipe can show: colours, moving cursors, width and characters."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from typing import TextIO

PLAIN_WIDTH = 120
"""Of tables in files and pipes."""

_ASCII = {
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{PLUS-MINUS SIGN}": "+-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{DEGREE SIGN}": "deg ",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{MICRO SIGN}": "u",
}
"""What stands for characters that a locale cannot show."""

PLAIN_ERRORS = "kenning_lego.plain"
"""Name of the way to handle characters that an encoding lacks."""


def colours(stream: TextIO) -> bool:
    """Whether to colour what is written there; see https://no-color.org and force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_interactive(stream)


def is_interactive(stream: TextIO) -> bool:
    """Whether it is a terminal on which the cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown", "")


def text_width(most: int = PLAIN_WIDTH) -> int:
    """Columns for text: those of the terminal or of ``COLUMNS``, at most so many."""
    return max(40, min(most, shutil.get_terminal_size((80, 24)).columns))


def write_what_can_be_shown() -> None:
    """Let characters that the locale cannot show become others, instead of an error."""
    codecs.register_error(PLAIN_ERRORS, _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        if reconfigure is not None and not encoding.startswith("utf"):
            reconfigure(errors=PLAIN_ERRORS)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(_ASCII.get(each, "?") for each in bad), error.end
