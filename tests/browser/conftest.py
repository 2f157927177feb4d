"""One Chromium for all tests of a process, and a written page of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chromium import Browser, Tab, chromium, executable
from tests.browser.reports import PAGES


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if executable() is None:
        pytest.skip("needs chromium; on Debian: apt install chromium")
    with chromium() as found:
        yield found


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    tab = browser.tab()
    yield tab
    tab.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages on disk, by name."""
    directory = tmp_path_factory.mktemp("pages")
    paths = {name: directory / f"{name}.html" for name in PAGES}
    for name, path in paths.items():
        path.write_text(PAGES[name](), encoding="utf-8")
    return paths
