"""Objects that show themselves in notebooks and give their figures as data frames.

How that is done is the business of the room of reports, which stands above. It is found by name,
as plugins are, once somebody looks: nothing of it is imported before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kenning_lego.core.lookup import find_callable


class Shown:
    """Mixin of what notebooks show."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        found: str = find_callable("kenning_lego.reports.tabular.html:html_of")(self)
        return found

    def frame(self, table: str | None = None) -> Any:
        """One of its tables as a :class:`pandas.DataFrame`.

        Args:
            table: its name, such as ``measurements``; the first, most telling one if not given.

        Raises:
            UnknownNameError: there is no such table.
            MissingDependencyError: pandas is not installed.
        """
        return find_callable("kenning_lego.reports.tabular.frames:frame_of")(self, table)


class ShownRecord(Shown):
    """Mixin of records of runs."""

    __slots__ = ()

    def report(self, directory: Path | str) -> Path:
        """Write its page into a directory.

        Raises:
            UsageError: there are no reports of records of this kind.
            MissingDependencyError: jinja2 is not installed.
            StoreError: the file cannot be written.
        """
        write = find_callable("kenning_lego.reports.write:write_report")
        written: Path = write(self, Path(directory))
        return written
