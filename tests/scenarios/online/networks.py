"""A tested network made up of a record alone; its artifacts are not there."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.core.records import RunRecord
from kenning_lego.scenarios.online.tested import TestedNetwork, open_tested
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace
from tests.reports.records import resnet_record


def with_latencies(record: RunRecord) -> RunRecord:
    """The record with a latency by which each variant is selected."""
    segments = tuple(
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update={"latency_ms": 1.0 - each.ratio / 2})
                    for each in segment.variants
                )
            }
        )
        for segment in record.segments
    )
    return record.model_copy(update={"segments": segments})


def made(directory: Path) -> TestedNetwork:
    """A network of eight blocks with five variants each, as a workspace's newest test."""
    workspace = Workspace(directory)
    record = with_latencies(resnet_record())
    write_json(workspace.new_run() / "record.json", record.model_dump(mode="json"))
    return open_tested(directory)
