"""The pages on the wire protocol, as the tests read them."""

from __future__ import annotations

import re
from pathlib import Path

import kenning_lego

DOCS = Path(kenning_lego.__file__).parents[1] / "docs"
PROTOCOL = DOCS / "wire-protocol.md"
MESSAGES = DOCS / "wire-messages.md"
EXAMPLES = DOCS / "wire-examples.md"
_ROW = re.compile(r"\|(.*)\|")


def section(page: Path, heading: str) -> str:
    """What stands under a heading, up to the next of the same rank or a higher one."""
    marks = heading.partition(" ")[0]
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(marks)}}} |\Z)", text)
    assert found, f"{page.name} has no heading {heading!r}"
    return found[1]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: rows of cells, the head first, without the line below it."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        row = _ROW.fullmatch(line)
        if row:
            found[-1].append([cell.strip() for cell in row[1].split("|")])
        elif found[-1]:
            found.append([])
    return [[rows[0], *rows[2:]] for rows in found if rows]


def fields_on_page() -> dict[str, dict[str, str]]:
    """Type of each field by the name of its map."""
    found: dict[str, dict[str, str]] = {}
    for (head, *_), *rows in tables(MESSAGES.read_text(encoding="utf-8")):
        if head.startswith("`"):
            where = head.strip("`")
            assert where not in found, f"two tables of {where}"
            found[where] = {row[0].strip("`"): row[1] for row in rows}
    return found
