"""A real server goes on whatever a peer sends it."""

from __future__ import annotations

from pathlib import Path

import msgpack
import pytest
import zmq

from kenning_lego.protocols.client import connect
from kenning_lego.protocols.codec import decode
from kenning_lego.protocols.messages import Error
from tests.targets import running_server

pytestmark = pytest.mark.target


def nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\xc0"


HOSTILE = {
    "version nested too deep to be shown": b"\x94" + nested(1020) + b"\x10\x07\x80",
    "kind nested too deep to be shown": b"\x94\x02" + nested(1020) + b"\x07\x80",
    "body nested too deep": b"\x94\x02\x10\x07" + nested(1_000_000),
    "kind of a megabyte": msgpack.packb([1, "k" * (1 << 20), 7, {}]),
    "map of 4 GiB": b"\x94\x02\x10\x07\xdf\xff\xff\xff\xff",
    "header too long": bytes((4 << 20) + 1),
    "path for a digest": msgpack.packb([1, 3, 7, {"digest": "../" * 21 + "x", "size": 1}]),
}

CODES = {"bad_message", "unsupported_version", "unknown_kind"}


def test_server_answers_hostile_headers_and_goes_on(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        context = zmq.Context()
        with context, context.socket(zmq.DEALER) as peer:
            peer.linger = 0
            peer.connect(server.address)
            for what, frame in HOSTILE.items():
                peer.send_multipart([frame])
                if not peer.poll(10_000):
                    pytest.fail(f"no answer to a {what}: {server.log.read_text()[-2000:]}")
                answer = decode(peer.recv_multipart())
                assert isinstance(answer.message, Error), what
                assert answer.message.code in CODES, what
                assert answer.id in (0, 7), what
        with connect(server.address) as target:
            target.describe()
        assert len(server.log.read_text()) < 10_000  # nobody fills the disk through the log
        assert server.terminate() == 0
