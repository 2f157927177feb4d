"""The list of decisions, from the files' own titles."""

from __future__ import annotations

import re
from pathlib import Path

from tools.documentation.markdown import page

DIRECTORY = "adr"
_TITLE = re.compile(r"# (\d+)\. (.+)")


def index(docs: Path) -> str:
    """The page that lists them.

    Args:
        docs: the documentation's directory.
    """
    rows = [f"* [{number}. {title}]({name})" for number, title, name in _decisions(docs)]
    return page(
        "Decisions",
        "Decisions that someone will question, each with what spoke for it and against it.",
        "\n".join(rows),
    )


def navigation(docs: Path) -> list[str | dict[str, str]]:
    """The list, and each decision under its number and title."""
    decisions = _decisions(docs)
    return [
        f"{DIRECTORY}/index.md",
        *({f"{number}. {title}": f"{DIRECTORY}/{name}"} for number, title, name in decisions),
    ]


def _decisions(docs: Path) -> list[tuple[str, str, str]]:
    """Number, title and file name of each."""
    paths = sorted((docs / DIRECTORY).glob("[0-9]*.md"))
    titles = ((path.name, _TITLE.match(path.read_text(encoding="utf-8"))) for path in paths)
    return [(match[1], match[2].replace("`", ""), name) for name, match in titles if match]
