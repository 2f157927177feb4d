"""The verb ``run``, against a real server: what it leaves in the workspace, and elsewhere."""

from __future__ import annotations

from pathlib import Path

from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.scenarios import pipeline
from tests.scenarios.online.chains import made_chain
from tests.targets import running_server


def test_pipelines_are_a_run_of_the_workspace_and_written_elsewhere_if_asked(
    tmp_path: Path,
) -> None:
    workspace, output = tmp_path / "w", tmp_path / "out"
    made_chain(workspace)
    with running_server(tmp_path) as server:
        arguments = [str(workspace), "--configuration", "original", "--seconds", "0.3"]
        arguments += ["--frames.type", "random", "--target.address", server.address]
        assert run(pipeline.main, [*arguments, "--output", str(output)]) == 0
    (kept,) = workspace.glob("runs/*/pipelines.json")
    record = open_as(PipelinesRecord, kept)
    assert record.id == kept.parent.name
    assert record.pipelines[0].frames.number
    assert open_as(PipelinesRecord, output) == record
    assert (kept.parent / "pipelines.html").read_bytes() == (output / "pipelines.html").read_bytes()
