"""The site is built without a warning, its links lead somewhere, and it needs no other machine."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import kenning_lego

ROOT = Path(kenning_lego.__file__).parents[1]
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("mkdocstrings") is None,
    reason="MkDocs is not installed: pip install 'kenning-lego[docs]'",
)

_FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
}
"""Attributes whose addresses a browser loads by itself, by element."""

_NOT_FETCHED = frozenset({"canonical", "next", "prev", "alternate"})
"""Relations of links that a browser does not load."""


@dataclass
class Page(HTMLParser):
    """What a page links to, loads, and can be linked to."""

    path: Path
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    styles: list[str] = field(default_factory=list)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def __hash__(self) -> int:
        return hash(self.path)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.classes |= set(given.get("class", "").split())
        self.styles.append(given.get("style", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if not _NOT_FETCHED & set(given.get("rel", "").split()):
            self.fetched += [given[name] for name in _FETCHED.get(tag, ()) if name in given]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; one for all processes of a test run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    directory = shared / "site"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "index.html").exists():
            build(directory)
    return directory


def build(directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {path: Page(path) for path in site.rglob("*.html")}
    assert len(found) > 50
    return found


def test_every_page_of_the_repository_is_built(site: Path) -> None:
    for source in (ROOT / "docs").rglob("*.md"):
        assert (site / source.relative_to(ROOT / "docs").with_suffix(".html")).is_file()


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    lost = [
        f"{page.path.relative_to(site)}: {link}"
        for page in pages.values()
        for link in page.links
        if not leads_somewhere(link, page, site, pages)
    ]
    assert not lost


def leads_somewhere(link: str, page: Page, site: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme in ("https", "http", "mailto")
    if page.path.name == "404.html":  # its links are for a server's root
        return True
    path = unquote(parts.path)
    target = (page.path.parent / path).resolve() if path else page.path
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site) or not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    return not anchor or target not in pages or anchor in pages[target].anchors


def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for page in pages.values():
        addresses = [*page.fetched, *(url for style in page.styles for url in urls(style))]
        assert not [each for each in addresses if is_elsewhere(each)], page.path
        # The theme would load a library for these from another server.
        assert not page.classes & {"mermaid"}
    for sheet in site.rglob("*.css"):
        assert not [each for each in urls(sheet.read_text()) if is_elsewhere(each)], sheet


def urls(style: str) -> Iterator[str]:
    """What a style sheet loads."""
    for match in re.finditer(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", style):
        yield match[1] or match[2]


def is_elsewhere(address: str) -> bool:
    first = address.strip().split(" ")[0]
    return bool(urlsplit(first).netloc) or first.startswith(("http:", "https:"))


def test_generated_pages_are_in_the_navigation(site: Path, pages: dict[Path, Page]) -> None:
    linked = {
        (site / urlsplit(link).path).resolve()
        for link in pages[site / "index.html"].links
        if not urlsplit(link).netloc
    }
    commands = pages[site / "reference" / "commands" / "index.html"]
    linked |= {(commands.path.parent / urlsplit(each).path).resolve() for each in commands.links}
    for name in ("commands/test", "commands/keys", "components/dataset", "records/records"):
        assert site / "reference" / f"{name}.html" in linked


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md"])
def test_links_of_the_repositorys_pages_lead_to_files(page: str) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text()):
        if not urlsplit(link).scheme:
            assert (ROOT / link).exists(), link
