"""Where a report's files go, and how they are named in texts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kenning_lego.core.errors import ConfigurationError

Format = Literal["html", "markdown", "rst", "json", "csv", "latex"]
FigureFormat = Literal["svg", "png"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a report's files go.

    Args:
        directory: for the texts, and for a directory of tables.
        stem: that the names of the files begin with.
        img_dir: for figures; ``img`` in `directory` by default.
        root_dir: that paths in texts are relative to; `directory` by default.
        figures: format of the figures.
    """

    directory: Path
    stem: str
    img_dir: Path | None = None
    root_dir: Path | None = None
    figures: FigureFormat = "svg"

    @property
    def tables(self) -> Path:
        """Directory for tables."""
        return self.directory / f"{self.stem}-tables"

    def text(self, ending: str) -> Path:
        """A file in the directory."""
        return self.directory / f"{self.stem}{ending}"

    def figure(self, name: str) -> Path:
        """A figure's file."""
        directory = self.img_dir or self.directory / "img"
        return directory / f"{self.stem}-{name}.{self.figures}"

    def in_texts(self, path: Path) -> str:
        """A path as it is to stand in texts.

        Raises:
            ConfigurationError: it is not below the root that was named.
        """
        root = self.root_dir or self.directory
        relative = Path(os.path.relpath(path, root))
        if self.root_dir is not None and ".." in relative.parts:
            raise ConfigurationError(
                f"figures go to {path.parent}, which is not below --root-dir {root}",
                "name an --img-dir below it",
            )
        return relative.as_posix()
