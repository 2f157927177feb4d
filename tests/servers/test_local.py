"""The target in the host's own process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import ProtocolError
from kenning_lego.servers.local import LocalTarget
from kenning_lego.store.artifacts import ArtifactStore
from tests.targets import scale_artifact

ROW = np.ones(8, np.float32).tobytes()


def test_wrong_size_of_inputs_is_a_protocol_error(tmp_path: Path) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with LocalTarget(ArtifactStore(tmp_path / "store")) as target:
        assert target.upload(artifact.path, artifact.digest)
        target.compose([artifact.digest], runtime="onnxruntime")
        with pytest.raises(ProtocolError, match="31 bytes"):
            target.infer([ROW[:-1]])
        (output,), _ = target.infer([ROW])
        assert np.frombuffer(output, np.float32).tolist() == [2.0] * 8
