"""The page on plugins: the example's own introduction, and its files."""

from __future__ import annotations

from pathlib import Path

PATH = "how-to/plugin.md"
_PACKAGE = Path("examples", "kenning-lego-affine")


def content(root: Path) -> str:
    """The page.

    Args:
        root: of the repository.
    """
    package = root / _PACKAGE
    files = [package / "pyproject.toml", *sorted(package.glob("kenning_lego_*/[!_]*.py"))]
    listed = "\n\n".join(map(_listed, files))
    introduction = (package / "README.md").read_text(encoding="utf-8")
    return f"{introduction.rstrip()}\n\n## Its files\n\n{listed}\n"


def _listed(file: Path) -> str:
    language = {".py": "python", ".toml": "toml"}[file.suffix]
    text = file.read_text(encoding="utf-8").strip()
    return f"### {file.name}\n\n```{language}\n{text}\n```"
