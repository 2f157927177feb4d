"""What rows and marks are about, so that a page can show one thing in all its places at once."""

from __future__ import annotations


def block_subject(name: str) -> str:
    """What rows, bricks and marks of a block are about."""
    return f"block {name}"


def configuration_subject(name: str) -> str:
    """What rows and marks of a configuration are about."""
    return f"configuration {name}"


def row_anchor(table: str, group: int, row: int | None = None) -> str:
    """Where links to rows of a table lead.

    Args:
        table: its name.
        group: of rows, from 1.
        row: of the group, from 1; None for the group itself.
    """
    place = f"{table}-rows-{group}"
    return place if row is None else f"{place}-{row}"
