"""What MkDocs calls while it builds the site: adds the generated pages and fills in the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tools.documentation import commands, components, decisions, plugin, python_api, records
from tools.documentation.errors import error_table
from tools.documentation.house import drawing, house

_ROOT = Path(__file__).parents[2]

_PARTS: Mapping[str, Callable[[], str]] = {
    "errors": error_table,
    "house": lambda: drawing(house(_ROOT / "pyproject.toml")),
}
"""What stands for ``<!-- generated: NAME -->`` on a written page, by name."""

_MARK = re.compile(r"<!-- generated: (\w+) -->")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the generated pages into the navigation, where its entries name their lists."""
    docs = Path(config.docs_dir)
    lists = {
        commands.DIRECTORY: commands.navigation(),
        components.DIRECTORY: components.navigation(),
        records.DIRECTORY: records.navigation(),
        decisions.DIRECTORY: decisions.navigation(docs),
    }
    config.nav = _filled(config.nav, {f"{name}/": pages for name, pages in lists.items()})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    docs = Path(config.docs_dir)
    pages = {
        **dict(commands.pages()),
        **dict(components.pages()),
        **dict(records.pages()),
        plugin.PATH: plugin.content(_ROOT),
        python_api.PATH: python_api.content(),
        f"{decisions.DIRECTORY}/index.md": decisions.index(docs),
        "changes.md": _changes(),
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what stands as a mark on a page; a directory's link leads to its list."""
    filled = _MARK.sub(lambda match: _PARTS[match[1]](), markdown)
    return filled.replace(f"]({decisions.DIRECTORY}/)", f"]({decisions.DIRECTORY}/index.md)")


def _filled(nav: Any, lists: Mapping[str, list[Any]]) -> Any:
    """The navigation, with the entries that name a directory replaced by its pages."""
    if isinstance(nav, list):
        return [_filled(each, lists) for each in nav]
    if isinstance(nav, dict):
        return {title: _filled(entry, lists) for title, entry in nav.items()}
    return lists.get(nav, nav)


def _changes() -> str:
    """The list of changes, whose links are those of the repository's root."""
    text = (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return text.replace("](docs/", "](")
