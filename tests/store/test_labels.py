"""Labels of runs: small files that are there whole, or not at all, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError, NewerRecordError, WorkspaceError
from kenning_lego.store.labels import LABELS_NAME, NO_LABELS, Labels, read_labels, write_labels

TAGS = st.from_regex(r"\A[a-z][a-z0-9.:/+-]{0,8}\Z")


@settings(suppress_health_check=list(HealthCheck))
@given(st.sets(TAGS), st.text(st.characters(exclude_categories=["Cs"])))
def test_labels_come_back_from_their_file(tmp_path: Path, tags: set[str], note: str) -> None:
    labels = Labels(note=note).tagged(tags)
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels
    assert labels.tags == tuple(sorted(tags))


@given(st.sets(TAGS), st.sets(TAGS))
def test_tags_are_added_and_taken_away_as_sets(first: set[str], second: set[str]) -> None:
    labels = NO_LABELS.tagged(first).tagged(second)
    assert set(labels.tags) == first | second
    assert set(labels.untagged(second).tags) == first - second


def test_run_without_a_file_has_no_labels(tmp_path: Path) -> None:
    assert read_labels(tmp_path) == NO_LABELS


@pytest.mark.parametrize("tag", ["", " ", "a b", "-a", "_a", "a,b", "a" * 65, "a\n"])
def test_what_cannot_be_a_tag_is_refused(tag: str) -> None:
    with pytest.raises(ConfigurationError, match="is no tag"):
        NO_LABELS.tagged([tag])


@pytest.mark.parametrize("tag", ["a", "7", "paper-2/table:3", "größe", "a" * 64])
def test_words_that_people_use_are_tags(tag: str) -> None:
    assert NO_LABELS.tagged([tag]).tags == (tag,)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"kind": "labels", "schema_version": 1, "tags": "a", "note": ""}),
        json.dumps({"kind": "labels", "schema_version": 1, "tags": [1], "note": ""}),
        json.dumps({"kind": "labels", "schema_version": 1, "tags": [], "note": None}),
        json.dumps({"kind": "labels", "schema_version": 0, "tags": [], "note": ""}),
    ],
)
def test_damaged_labels_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / LABELS_NAME).write_text(content)
    with pytest.raises(WorkspaceError, match="mend the file, or remove it"):
        read_labels(tmp_path)


def test_labels_of_a_newer_version_are_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / LABELS_NAME).write_text('{"kind": "labels", "schema_version": 2}')
    with pytest.raises(NewerRecordError, match=r"up to 1 \(update kenning-lego"):
        read_labels(tmp_path)
