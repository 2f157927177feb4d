"""A real server with a key: who gets in, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError, RemoteError, TargetUnreachableError
from kenning_lego.protocols.authorised import AuthorisedHost, authorise, revoke
from kenning_lego.protocols.client import connect
from kenning_lego.protocols.keys import KeyPair, PublicKey, make_key
from kenning_lego.protocols.messages import Load
from tests.targets import ServerProcess, running_server, scale_artifact

pytestmark = pytest.mark.target


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def board(keys: Path) -> PublicKey:
    return make_key("board", keys).shareable


@pytest.fixture
def lab(keys: Path) -> KeyPair:
    pair = make_key("lab", keys)
    authorise(keys, AuthorisedHost(pair.shareable))
    return pair


@pytest.fixture
def server(tmp_path: Path, keys: Path, board: PublicKey) -> Iterator[ServerProcess]:
    with running_server(tmp_path, "--key", "board", "--keys", str(keys)) as running:
        yield running


def test_authorised_host_measures_over_an_encrypted_connection(
    server: ServerProcess, board: PublicKey, lab: KeyPair, tmp_path: Path
) -> None:
    artifact = scale_artifact(tmp_path, 2.0)
    with connect(server.address, key=lab, server_key=board) as target:
        target.model(artifact.path, artifact.digest, Load("onnxruntime", 1, 1))
        outputs, _ = target.infer([np.ones(8, np.float32).tobytes()])
        assert np.frombuffer(outputs[0], np.float32).tolist() == [2.0] * 8
        assert target.observe().holder == "lab"  # as authorised, whatever it calls itself


def test_host_that_is_not_authorised_is_told_how_to_be(
    server: ServerProcess, board: PublicKey, keys: Path, lab: KeyPair
) -> None:
    stranger = make_key("stranger", keys)
    with pytest.raises(TargetUnreachableError, match="does not admit the key stranger") as refusal:
        connect(server.address, key=stranger, server_key=board)
    assert "keys authorise" in refusal.value.remedy
    with connect(server.address, key=lab, server_key=board) as target:
        target.describe()
    authorise(keys, AuthorisedHost(stranger.shareable))
    with connect(server.address, key=stranger, server_key=board) as target:
        target.describe()
    revoke(keys, "stranger")
    with pytest.raises(TargetUnreachableError):
        connect(server.address, key=stranger, server_key=board)


def test_host_without_a_key_does_not_get_in(server: ServerProcess) -> None:
    with pytest.raises(TargetUnreachableError, match="wants a key"):
        connect(server.address, timeout_s=3)


def test_server_that_is_not_the_one_is_not_spoken_to(
    server: ServerProcess, keys: Path, lab: KeyPair
) -> None:
    other = make_key("other-board", keys).shareable
    with pytest.raises(TargetUnreachableError):
        connect(server.address, key=lab, server_key=other, timeout_s=3)


def test_keys_go_together(server: ServerProcess, lab: KeyPair) -> None:
    with pytest.raises(ConfigurationError, match="both or neither"):
        connect(server.address, key=lab)


def test_lease_is_bound_to_the_connection_not_to_the_name(
    server: ServerProcess, board: PublicKey, lab: KeyPair
) -> None:
    with (
        connect(server.address, key=lab, server_key=board) as first,
        connect(server.address, key=lab, server_key=board) as second,
    ):
        first.lease()
        with pytest.raises(RemoteError, match="busy: lab holds it"):
            second.lease()


def test_all_interfaces_may_be_bound_with_a_key(
    tmp_path: Path, keys: Path, board: PublicKey, lab: KeyPair
) -> None:
    flags = ("--key", "board", "--keys", str(keys))
    with running_server(tmp_path, *flags, address="tcp://0.0.0.0:0") as running:
        port = running.address.rsplit(":", 1)[1]
        with connect(f"tcp://127.0.0.1:{port}", key=lab, server_key=board) as target:
            target.describe()
