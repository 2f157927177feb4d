"""Tags and a note that people give to a run: a small file beside its record, never within it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from kenning_lego.core.errors import ConfigurationError, NewerRecordError, WorkspaceError
from kenning_lego.store.atomic import write_json

LABELS_NAME: Final = "labels.json"
LABELS_VERSION: Final = 1

_TAG: Final = re.compile(r"[^\W_][\w.:/+-]{0,63}")


@dataclass(frozen=True, slots=True)
class Labels:
    """What people said of a run.

    Args:
        tags: short names, in order of the alphabet.
        note: free text; empty if there is none.
    """

    tags: tuple[str, ...] = ()
    note: str = ""

    def tagged(self, tags: Iterable[str]) -> Labels:
        """The same with these tags too.

        Raises:
            ConfigurationError: one cannot be a tag.
        """
        for tag in tags:
            if not _TAG.fullmatch(tag):
                raise ConfigurationError(
                    f"{tag!r} is no tag",
                    "letters, digits and . : / + - _, 64 at most, a letter or digit first",
                )
        return replace(self, tags=tuple(sorted({*self.tags, *tags})))

    def untagged(self, tags: Iterable[str]) -> Labels:
        """The same without these tags."""
        gone = set(tags)
        return replace(self, tags=tuple(tag for tag in self.tags if tag not in gone))


NO_LABELS: Final = Labels()


def read_labels(run: Path) -> Labels:
    """The labels of a run's directory.

    Raises:
        NewerRecordError: they are of a newer version.
        WorkspaceError: they cannot be read, or are damaged.
    """
    path = run / LABELS_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return NO_LABELS
    except (OSError, ValueError, RecursionError) as error:
        raise WorkspaceError(
            f"the labels {path} cannot be read: {error}", "mend the file, or remove it"
        ) from error
    return _parsed(content, path)


def write_labels(run: Path, labels: Labels) -> None:
    """Keep the labels of a run's directory.

    Raises:
        StoreError: the file cannot be written.
    """
    content = {
        "kind": "labels",
        "schema_version": LABELS_VERSION,
        "tags": list(labels.tags),
        "note": labels.note,
    }
    write_json(run / LABELS_NAME, content)


def _parsed(content: Any, path: Path) -> Labels:
    match content:
        case {"kind": "labels", "schema_version": int(version)} if version > LABELS_VERSION:
            raise NewerRecordError(
                f"{path} has schema version {version}, this kenning-lego reads up to "
                f"{LABELS_VERSION}",
                "update kenning-lego",
            )
        case {"kind": "labels", "schema_version": 1, "tags": list(tags), "note": str(note)} if all(
            isinstance(tag, str) for tag in tags
        ):
            return Labels(tuple(sorted(set(tags))), note)
    raise WorkspaceError(f"{path} holds no labels", "mend the file, or remove it")
