"""Text that any format can hold: without what breaks lines or cannot be written."""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAKS = re.compile("[\t\n\v\f\r \x1c-\x1f\x85\u2028\u2029]+")
_NOT_TEXT = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_TAB = 4


def one_line(text: str) -> str:
    """Text in a line; what cannot be printed becomes a replacement character."""
    return _printed(_BREAKS.sub(" ", text)).strip()


def lines_of(text: str) -> Iterator[str]:
    """Lines of text that is to stay as it is."""
    for line in text.splitlines():
        yield _printed(line.expandtabs(_TAB)).rstrip()


def _printed(text: str) -> str:
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
