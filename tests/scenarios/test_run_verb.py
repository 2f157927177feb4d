"""The verb ``run``, against a real server: what it leaves in the workspace, and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.errors import StoreError
from kenning_lego.core.opening import open_as
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.scenarios import pipeline
from kenning_lego.store.workspace import Workspace
from tests.scenarios.online.chains import made_chain
from tests.targets import running_server


def test_pipelines_are_a_run_of_the_workspace_and_written_elsewhere_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> Path:
        raise StoreError("no space left")

    workspace, output, other = tmp_path / "w", tmp_path / "out", tmp_path / "other"
    made_chain(workspace)
    with running_server(tmp_path) as server:
        arguments = [str(workspace), "--configuration", "original", "--seconds", "0.3"]
        arguments += ["--frames.type", "random", "--target.address", server.address]
        assert run(pipeline.main, [*arguments, "--output", str(output)]) == 0
        monkeypatch.setattr(Workspace, "new_run", full)
        assert run(pipeline.main, [*arguments, "--output", str(other)]) == 0
    (kept,) = workspace.glob("runs/*/pipelines.json")
    record = open_as(PipelinesRecord, kept)
    assert record.id == kept.parent.name
    assert record.pipelines[0].frames.number
    assert open_as(PipelinesRecord, output) == record
    assert (kept.parent / "pipelines.html").read_bytes() == (output / "pipelines.html").read_bytes()
    # A workspace that cannot be written loses nothing that is wanted elsewhere.
    assert "not kept in the workspace: no space left" in capsys.readouterr().out
    assert open_as(PipelinesRecord, other).pipelines[0].frames.number
