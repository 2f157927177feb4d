"""The whole of it, with the index and the real engine: `make test-deploy`, some minutes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import load_own_key, load_public
from kenning_lego.scenarios import deploy
from tests.deployment.sshd import SshBoard, free_port, is_other_user, missing, running_sshd
from tests.targets import scale_artifact

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("KENNING_LEGO_TEST_DEPLOY") != "1",
        reason="asks pip's index; KENNING_LEGO_TEST_DEPLOY=1 or `make test-deploy` runs it",
    ),
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.skipif(not is_other_user(), reason="takes root, to make another user"),
]


@pytest.fixture
def board(tmp_path: Path) -> Iterator[SshBoard]:
    with running_sshd(tmp_path / "ssh") as found:
        yield found


@pytest.mark.parametrize("how", ["online", "offline"])
def test_deployed_board_measures_for_the_host(
    how: str, board: SshBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board.program("systemctl", Path(__file__).with_name("systemctl.sh").read_text())
    keys, port = tmp_path / "keys", free_port()
    flags = [*board.flags, "--keys", str(keys), "--name", "board"]
    flags += ["--address", f"tcp://127.0.0.1:{port}"]
    if how == "offline":
        flags.append("--offline")
    assert run(deploy.main, flags) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "answers, engines: onnxruntime" in said
    artifact = scale_artifact(tmp_path, 3.0)
    own, server = load_own_key(keys), load_public("board", keys)
    with connect(f"tcp://127.0.0.1:{port}", key=own, server_key=server) as target:
        target.upload(artifact.path, artifact.digest)
        target.measure(Plan((PlanItem("scale", (artifact.digest,)),), max_seconds=5))
        assert target.statistics().measurements[0].samples_ns
        target.compose((artifact.digest,), runtime="onnxruntime")
        (result,), _ = target.infer([np.ones(8, np.float32).tobytes()])
    assert np.frombuffer(result, np.float32).tolist() == [3.0] * 8
    assert run(deploy.main, flags) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert run(deploy.main, [*flags, "--remove", "--purge"]) == 0
    assert not (board.home / ".local/share/kenning-lego").exists()
