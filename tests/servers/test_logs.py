"""What the server logs, for people and for collectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.protocols.client import connect
from kenning_lego.protocols.messages import Load
from tests.targets import running_server, scale_artifact

pytestmark = pytest.mark.target


def test_log_is_one_json_object_a_line_when_asked(tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with running_server(tmp_path, "--log-json", "--log-level", "debug") as server:
        with connect(server.address) as target:
            target.model(artifact.path, artifact.digest, Load("onnxruntime", 1, 1))
            target.infer([np.ones(8, np.float32).tobytes()])
        server.terminate()
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    messages = [line["message"] for line in lines]
    assert any(f"holds artifact {artifact.digest[:12]}" in message for message in messages)
    assert any("started worker" in message for message in messages)
    assert {"time", "level", "logger", "process", "message"} <= lines[0].keys()


def test_server_says_where_it_listens_and_what_it_allows(tmp_path: Path) -> None:
    with running_server(tmp_path, "--store-mb", "50", "--limits.memory-mb", "300") as server:
        assert server.process.stdout is not None
        server.process.terminate()
        said = server.process.stdout.read()
    assert "engines: onnxruntime" in said
    assert "key: none" in said
    assert "at most 50 MB" in said
    assert "worker: at most 300 MB" in said
    assert said.endswith("stopped\n")
