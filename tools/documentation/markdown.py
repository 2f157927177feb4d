"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ROLE = re.compile(r":\w+:`[~.]*(?:[\w.]+\.)?(\w+)`")
_CODE = re.compile(r"``([^`]*)``")
_SPAN = re.compile(r"(`[^`]*`)")
_PAGE = re.compile(r"\bdocs/([\w/-]+\.md)\b")


def from_docstring(text: str) -> str:
    """A docstring's text: reST roles and double backticks become code, pages become links."""
    pieces = _SPAN.split(_CODE.sub(r"`\1`", _ROLE.sub(r"`\1`", text)))
    return "".join(each if each.startswith("`") else _plain(each) for each in pieces)


def _plain(text: str) -> str:
    """Text outside of code, in which nothing is markup but the names of pages."""
    return _PAGE.sub(r"[\1](/\1)", text.replace("<", "&lt;").replace("*", "\\*"))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; line breaks and bars in its cells do not end them."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, each))} |\n" for each in lines)


def definition(term: str, facts: str, meaning: str) -> str:
    """An entry of a definition list: a term in code with facts beside it, its meaning below."""
    head = f"`{term}` {facts}".strip()
    return f"{head}\n:   {' '.join(meaning.split()) or '&nbsp;'}\n\n"


def page(title: str, *parts: str) -> str:
    """A page of parts with empty lines between them."""
    return "\n\n".join([f"# {title}", *(part.strip("\n") for part in parts if part.strip())]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
