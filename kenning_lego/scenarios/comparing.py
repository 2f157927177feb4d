"""What the verb ``compare`` prints and writes for continuous integration."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from kenning_lego.core.errors import StoreError
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.output import current
from kenning_lego.reports.comparisons.ci.github import render_annotations
from kenning_lego.reports.comparisons.ci.junit import render_junit
from kenning_lego.reports.comparisons.ci.markdown import render_summary
from kenning_lego.reports.comparisons.comparison import Comparison, Comparisons
from kenning_lego.reports.headlines import headline_of
from kenning_lego.store.atomic import write_bytes

CompareFormat = Literal["text", "json", "junit", "github", "markdown"]
_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of comparing records.

    Args:
        comparisons: by what is compared with what.
        text: the same as people read it.
        document: the same as programs read it.
        newest: the last of the records.
    """

    comparisons: Mapping[str, Comparison]
    text: str
    document: Any
    newest: AnyRecord


def titled(comparisons: Comparisons) -> dict[str, Comparison]:
    """Each pair by what is compared with what."""
    first, *others = comparisons.sides
    return {
        f"{side.network}: {side.record.id} against {first.record.id}"
        + (f" ({side.mark})" if len(others) > 1 else ""): pair
        for side, pair in zip(others, comparisons.pairs, strict=True)
    }


def tell(found: Found, which: CompareFormat, path: Path | None) -> None:
    """Print it in a format, or write that to a file; on GitHub, sum it up for the job too.

    Raises:
        StoreError: the file cannot be written.
    """
    output = current()
    output.answer(found.document)
    if which == "text" and path is None:
        output.tell(found.text)
        return
    text = _in_format(found, which).rstrip("\n")
    if path is None:
        output.give(text)
    else:
        write_bytes(path, f"{text}\n".encode("utf-8", errors="replace"))
        output.wrote("comparison", path)
    if which == "github":
        _summarise_job(found.comparisons)


def _in_format(found: Found, which: CompareFormat) -> str:
    match which:
        case "json":
            return json.dumps(found.document, indent=1, ensure_ascii=False, allow_nan=False)
        case "junit":
            created = _moment(found.newest.created)
            return render_junit(found.comparisons, created, headline_of(found.newest).board)
        case "github":
            return render_annotations(found.comparisons)
        case "markdown":
            return render_summary(found.comparisons)
        case "text":
            return found.text


def _summarise_job(comparisons: Mapping[str, Comparison]) -> None:
    named = os.environ.get(_SUMMARY)
    if not named:
        return
    try:
        with Path(named).open("a", encoding="utf-8", errors="replace") as file:
            file.write(render_summary(comparisons))
    except OSError as error:
        raise StoreError(
            f"cannot add to the job's summary {named}: {error.strerror}", f"unset {_SUMMARY}"
        ) from error


def _moment(created: str) -> str:
    """In UTC and without a time zone, as JUnit's schema has it."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        moment = datetime.fromtimestamp(0, timezone.utc)
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}"
