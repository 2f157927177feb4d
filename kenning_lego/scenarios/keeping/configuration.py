"""What the actions of ``results`` can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.core.record_kinds import KINDS

Format = Literal["csv", "json", "parquet"]


class WhereConfig(Component):
    """Where to look for runs."""

    workspace: tuple[Path, ...] = ()
    """Workspaces to look into; by default this directory and those in workspaces/."""


class FilterConfig(WhereConfig):
    """Which runs are meant."""

    kind: tuple[str, ...] = ()
    """Kinds of records: run, pipelines, load, training, optimisation, conversion, selection, export."""  # noqa: E501
    network: str = ""
    """A part of the network's name."""
    board: str = ""
    """A part of the name of the board."""
    engine: str = ""
    """A part of the engine's name or version."""
    tag: tuple[str, ...] = ()
    """Tags that they all have."""
    since: str = ""
    """A date, a date with a time, or an age such as 7d."""
    until: str = ""
    """The same; of a date, to its end."""
    where: tuple[str, ...] = ()
    """Conditions such as "latency_ms<12" or "verdict=stable"; all have to hold."""

    @model_validator(mode="after")
    def _kinds_are_known(self) -> FilterConfig:
        unknown = [each for each in self.kind if each not in KINDS]
        if unknown:
            raise ValueError(f"no such kind: {unknown[0]}; known: {', '.join(KINDS)}")
        return self


class ListConfig(FilterConfig):
    """What to list."""

    newest: int | None = Field(default=None, ge=1)
    """So many at most."""


class ShowConfig(WhereConfig):
    """What to show."""

    ids: tuple[str, ...] = ()
    """Runs: ids, beginnings or ends of them, or latest."""
    table: str | None = None
    """Only this table of the record, with all its rows and columns."""
    rows: int = Field(default=20, ge=1)
    """Of each table at most."""


class TagConfig(WhereConfig):
    """What to tag."""

    words: tuple[str, ...] = ()
    """Ids of runs, and then the tag."""
    remove: bool = False
    """Take the tag away instead."""


class NoteConfig(WhereConfig):
    """What to note."""

    words: tuple[str, ...] = ()
    """The id of a run, and then the text, in place of what was noted before; none takes it away."""


class ExportConfig(FilterConfig):
    """What to export as rows."""

    ids: tuple[str, ...] = ()
    """Runs: ids, beginnings or ends of them, or latest; by default all that the filters leave."""
    rows: str = "configurations"
    """What a row is: configurations, measurements, variants, runs, or another table of a record."""
    samples: bool = False
    """A row for each sample instead."""
    format: Format | None = None
    """Of the file; by default what its name ends in, else csv."""
    output: Path | None = None
    """File to write; without one, csv and json are printed."""


class PruneConfig(WhereConfig):
    """What to remove."""

    keep: int | None = Field(default=None, ge=0)
    """Keep so many of each network and kind, the newest."""
    older_than: str = ""
    """Only what is older, such as 90d."""
    untagged: bool = False
    """Everything that has no tag; what has one always stays."""
    yes: bool = False
    """Remove it, rather than say what would go."""

    @model_validator(mode="after")
    def _says_what(self) -> PruneConfig:
        if self.keep is None and not self.older_than and not self.untagged:
            raise ValueError("what is to go? give keep, older_than or untagged")
        return self
