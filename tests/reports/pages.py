"""Reads a page as a browser would, as far as the tests need it."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

from kenning_lego.core.opening import AnyRecord
from kenning_lego.reports.document.html import render_html
from kenning_lego.reports.documents import document_of

_MISTAKES = ("None", "nan", "NaN", "inf", "Undefined")
_VOID = {"meta", "link", "br", "img", "hr", "input"}


def render(record: AnyRecord) -> str:
    """The page of a record."""
    return render_html(document_of(record))


class Page(HTMLParser):
    """A parsed page; raises AssertionError where tags do not match."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.references: list[str] = []
        self.titles: list[str] = []
        self.headings: list[int] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in {"href", "src", "xlink:href", "action", "data", "srcset"}:
                self.links.append(value or "")
            elif name == "aria-labelledby":
                self.references += (value or "").split()
            elif name == "title":
                self.titles.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that can be read, with ordinary spaces."""
        return re.sub(r"\s+", " ", " ".join(self.words))

    def drawings(self) -> list[ElementTree.Element]:
        """The page's SVGs, parsed as XML."""
        found = re.findall(r"<svg.*?</svg>", self.source, flags=re.DOTALL)
        return [ElementTree.fromstring(each) for each in found]

    def _check_script(self) -> None:
        """The page runs its own script and no other, and no attribute is a script."""
        assert self.tags.count("script") == 1
        assert not self.handlers
        (script,) = re.findall(r"<script>(.*?)</script>", self.source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}';" in self.source

    def check(self, said: str = "") -> None:
        """What holds of every page.

        Args:
            said: what the page was made from, whose words may be those that stand for mistakes.
        """
        assert len(set(self.ids)) == len(self.ids)
        assert set(self.references) <= set(self.ids)
        assert all(link[:1] == "#" and link[1:] in self.ids for link in self.links), self.links
        style = "".join(re.findall(r"<style>(.*?)</style>", self.source, re.DOTALL))
        assert "url(" not in style
        assert "@import" not in style
        self._check_script()
        assert self.tags.count("h1") == self.tags.count("main") == 1
        steps = [after - before for before, after in pairwise(self.headings)]
        assert max(steps) <= 1
        mistakes = "|".join(word for word in _MISTAKES if word not in said) or "(?!)"
        for text in (
            self.text,
            *(ElementTree.tostring(each, "unicode") for each in self.drawings()),
        ):
            assert not re.search(rf"\b({mistakes})\b", text)
