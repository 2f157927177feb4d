"""A target that was written from the pages alone does what the host's own client asks of it."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.protocols import messages as m
from kenning_lego.protocols.client import TargetClient, connect
from kenning_lego.protocols.codec import Envelope, encode
from kenning_lego.store.artifacts import digest_of
from tests.plugin.installed import SOURCE as PLUGIN
from tests.plugin.installed import install
from tests.plugin.test_installed import SMALL
from tests.wire.in_c import Wire, build, dense, running
from tests.wire.printed import EXAMPLES
from tests.wire.samples import MESSAGES

DAMAGED = 600
"""Messages that are sent damaged."""


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("target-c"))


@pytest.fixture
def address(binary: Path, tmp_path: Path) -> Iterator[str]:
    with running(binary, tmp_path) as found:
        yield found


@pytest.fixture
def target(address: str) -> Iterator[TargetClient]:
    with connect(address) as client:
        yield client


def test_tells_who_it_is_and_what_it_does(target: TargetClient) -> None:
    welcome = target.greet()
    assert welcome.capabilities == ("acknowledge", "observe", "plan")
    assert set(welcome.description.engines) == {"affine"}
    assert target.observe().holder == ""
    target.lease(expected_s=5)
    assert target.observe().expected_s == 5
    assert target.telemetry().absent


def test_artifact_of_several_chunks_arrives_once(target: TargetClient, tmp_path: Path) -> None:
    large = dense(tmp_path, (1000, 1300))
    assert large.path.stat().st_size > m.UPLOAD_CREDITS * m.CHUNK_BYTES
    assert target.upload(large.path, large.digest)
    assert not target.upload(large.path, large.digest)


def test_chain_computes_what_its_layers_say(target: TargetClient, tmp_path: Path) -> None:
    first, second = dense(tmp_path, (32, 64), "x", "h"), dense(tmp_path, (4, 32), "h", "y")
    for each in (first, second):
        target.upload(each.path, each.digest)
    stages = [first.digest, second.digest]
    composed = target.compose(stages, runtime="affine", outputs=["h", "y"])
    assert [str(each) for each in composed.spec] == [
        "x: float32[1, 64]",
        "h: float32[1, 32]",
        "y: float32[1, 4]",
    ]
    source = np.random.default_rng(1).normal(size=64).astype(np.float32)
    outputs, took = target.infer([source.tobytes()])
    hidden, result = (np.frombuffer(each, np.float32) for each in outputs)
    assert took > 0
    assert np.allclose(hidden, first.run(source), atol=1e-4)
    assert np.allclose(result, second.run(first.run(source)), atol=1e-3)


def test_classic_dialogue_and_its_samples(target: TargetClient, tmp_path: Path) -> None:
    network = dense(tmp_path, (3, 5))
    target.model(network.path, network.digest, m.Load("affine", 1, 1))
    source = np.ones(5, np.float32)
    target.data([source.tobytes()])
    durations = [target.process(), target.process_acknowledged().target_ns]
    assert np.allclose(np.frombuffer(target.output()[0], np.float32), network.run(source))
    durations.append(target.pipelined([source.tobytes()])[1])
    statistics = target.statistics()
    assert [(each.name, each.samples_ns) for each in statistics.measurements] == [
        ("process", tuple(durations))
    ]
    assert statistics.used["engine"] == "affine"


def test_plan_gives_every_item_its_samples(target: TargetClient, tmp_path: Path) -> None:
    wide, narrow = dense(tmp_path, (32, 64), "x", "h"), dense(tmp_path, (16, 64), "x", "g")
    head = dense(tmp_path, (4, 32), "h", "y")
    content = np.ones(64, np.float32).tobytes()
    (tmp_path / "input").write_bytes(content)
    target.upload(tmp_path / "input", digest_of(content))
    for each in (wide, narrow, head):
        target.upload(each.path, each.digest)
    items = (
        PlanItem("wide", (wide.digest,), 0),
        PlanItem("narrow", (narrow.digest,), 0),
        PlanItem("head", (head.digest,), 1),
        PlanItem("both", (wide.digest, head.digest), 2),
    )
    plan = Plan(
        items,
        "affine",
        reference="both",
        inputs={"x": digest_of(content)},
        warmup_rounds=3,
        min_rounds=7,
        max_rounds=7,
        relative_half_width=0.0,
    )
    progress: list[Progress] = []
    target.measure(plan, progress.append)
    statistics = target.statistics()
    assert {
        (e.name, e.per_round, len(e.samples_ns), e.stopped) for e in statistics.measurements
    } == {
        ("wide", 1, 7, "max_rounds"),
        ("narrow", 1, 7, "max_rounds"),
        ("head", 2, 14, "max_rounds"),
        ("both", 2, 14, "max_rounds"),
    }
    (log,) = statistics.plans
    assert (len(log.reference_ns), len(log.round_ends_ns), log.warmup_rounds) == (14, 7, 3)
    assert all(0 <= each.done <= 7 for each in progress)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"memory_bytes": 10}, "memory_bytes"),
        ({"reference": "nothing"}, "the reference is no item"),
        ({"runtime": "onnxruntime"}, "the engine affine alone"),
        ({"inputs": {"z": "ab" * 32}}, "no artifact takes"),
        ({"options": {"double": True}}, "no options"),
    ],
)
def test_plan_that_cannot_be_carried_out_is_refused(
    change: dict[str, Any], problem: str, target: TargetClient, tmp_path: Path
) -> None:
    network = dense(tmp_path, (3, 5))
    target.upload(network.path, network.digest)
    given = {"items": (PlanItem("only", (network.digest,)),), "runtime": "affine", **change}
    with pytest.raises(RemoteError, match=problem) as caught:
        target.measure(Plan(**given))
    assert caught.value.code == "bad_request"


def endless(digest: str) -> Plan:
    item = PlanItem("only", (digest,))
    return Plan((item,), "affine", relative_half_width=0.0, max_rounds=1_000_000, max_seconds=600)


def test_plan_can_be_watched_and_cancelled(address: str, tmp_path: Path) -> None:
    network = dense(tmp_path, (300, 300))
    with connect(address) as host, connect(address) as other:
        host.upload(network.path, network.digest)
        seen: list[str] = []

        def watch(progress: Progress) -> None:
            observed = other.observe()
            seen.append(observed.doing)
            assert observed.total == 1_000_000
            with pytest.raises(RemoteError) as caught:
                other.lease()
            assert caught.value.code == "busy"
            if progress.done and len(seen) > 1:
                host.cancel()

        host.measure(endless(network.digest), watch)
        (measured,) = host.statistics().measurements
        assert measured.stopped == "cancelled"
        assert len(measured.samples_ns) > 0
        assert set(seen) == {"PLAN"}


def free_again(client: TargetClient) -> None:
    deadline = time.monotonic() + 10
    while client.observe().holder and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.observe().holder == ""


def test_host_that_is_gone_loses_the_lease_and_its_plan(address: str, tmp_path: Path) -> None:
    network = dense(tmp_path, (300, 300))
    with connect(address) as other:
        with Wire(address) as host:
            host.ask(1, m.Lease())
            content = network.path.read_bytes()
            host.send(*encode(Envelope(2, m.Model(network.digest, len(content)))))
            assert isinstance(host.receive().message, m.Credit)
            for at in range(0, len(content), m.CHUNK_BYTES):
                piece = content[at : at + m.CHUNK_BYTES]
                host.send(*encode(Envelope(2, m.Chunk(at), (piece,))))
            while not isinstance(host.receive().message, m.Ok):
                continue
            host.send(*encode(Envelope(3, m.RunPlan(endless(network.digest)))))
            assert isinstance(host.receive().message, m.Event)
            assert other.observe().doing == "PLAN"
        free_again(other)
        other.lease()
        assert other.statistics().measurements == ()
        assert not other.upload(network.path, network.digest)


def test_upload_that_goes_wrong_is_refused_and_the_next_one_taken(
    address: str, tmp_path: Path
) -> None:
    network = dense(tmp_path, (3, 5))
    content = network.path.read_bytes()
    size = len(content)
    with Wire(address) as host:
        host.ask(1, m.Lease())
        for offset, piece in ((4, content[:8]), (0, content + b"1"), (0, b"")):
            assert host.ask(2, m.Model(network.digest, size)).message == m.Credit(0, 16)
            answer = host.ask(2, m.Chunk(offset), piece).message
            assert isinstance(answer, m.Error)
            assert answer.code == "store"
        host.ask(3, m.Model(network.digest, size))
        damaged = host.ask(3, m.Chunk(0), bytes(size)).message
        assert isinstance(damaged, m.Error)
        assert "sha256" in damaged.problem
        host.ask(4, m.Model(network.digest, size))
        assert host.ask(4, m.Chunk(0), content[:10]).message == m.Credit(10, 1)
        assert host.ask(4, m.Chunk(10), content[10:]).message == m.Ok({"known": False})
        too_large = host.ask(5, m.Model("ab" * 32, 1 << 30)).message
        assert isinstance(too_large, m.Error)
        assert too_large.code == "store"


def test_requests_are_refused_by_the_codes_of_the_page(address: str) -> None:
    digest = "ab" * 32
    with Wire(address) as host:
        refused = {
            "no_lease": host.ask(1, m.Stats()),
            "unsupported_version": host.header(3, 16, 2, {}),
            "unknown_kind": host.header(2, 99, 3, {}),
            "bad_message": host.header(2, 17, 4, {"wait": False, "expected_s": 0, "more": 1}),
        }
        assert [each.id for each in refused.values()] == [1, 2, 3, 4]
        assert {
            code: e.message.code for code, e in refused.items() if isinstance(e.message, m.Error)
        } == {code: code for code in refused}
        host.ask(5, m.Lease())
        kinds = {"SWITCH", "DEPLOY", "UNLOAD", "BUDGET", "RECORD", "PRELOAD", "FORCE", "FOOTPRINT"}
        for message in MESSAGES:
            if message.kind.name in kinds | {"LOAD_TEST"}:
                answer = host.ask(6, message).message
                assert isinstance(answer, m.Error)
                assert answer.code == "unknown_kind"
        beyond = host.ask(7, m.Compose((f"{digest}:1",), m.Load("affine", 1, 1))).message
        assert isinstance(beyond, m.Error)
        assert beyond.code == "bad_request"


def test_printed_session_is_understood(address: str) -> None:
    """Also in the widest forms of msgpack's numbers, and fields in any order."""
    codes = {"COMPOSE": "bad_request", "INFER": "bad_request", "PLAN": "bad_request"}
    with Wire(address) as host:
        for name, envelope in EXAMPLES.items():
            if name in ("CREDIT", "ERROR", "EVENT") or name.startswith("OK"):
                continue
            answer = host.ask(envelope.id, envelope.message, *map(bytes, envelope.payload))
            assert answer.id == envelope.id
            if isinstance(answer.message, m.Error):
                assert answer.message.code == codes.get(name), name
        wide = bytes.fromhex(
            "dd00000004 d30000000000000002 cf0000000000000010 d20000000a df00000003"
        )
        fields = [("protocols", b"\xdd\x00\x00\x00\x01\xcd\x00\x02")]
        fields += [(name, b"\xdb\x00\x00\x00\x01h") for name in ("software", "name")]
        body = b"".join(bytes([0xD9, len(name)]) + name.encode() + value for name, value in fields)
        host.send(wide + body)
        assert isinstance(host.receive().message, m.Ok)


def test_64_requests_may_wait_behind_an_upload(address: str) -> None:
    with Wire(address) as host:
        host.ask(1, m.Lease())
        host.ask(2, m.Model("ab" * 32, 10))
        for request in range(3, 3 + 65):
            host.send(*encode(Envelope(request, m.Stats())))
        refused = host.receive()
        assert refused.id == 67
        assert isinstance(refused.message, m.Error)
        assert refused.message.code == "too_many"
        assert isinstance(host.ask(2, m.Chunk(0), b"too much of it").message, m.Error)
        assert [host.receive().id for _ in range(64)] == list(range(3, 67))


def damaged(rng: random.Random, frames: list[bytes]) -> list[bytes]:
    """A message of which something is no longer as it was."""
    header = bytearray(frames[0])
    match rng.randrange(8):
        case 0:
            header = header[: rng.randrange(len(header))]
        case 1:
            header += rng.randbytes(rng.randrange(1, 9))
        case 2:
            header = bytearray(rng.randbytes(rng.randrange(64)))
        case 3:
            header[4:4] = b"\x91" * rng.randrange(20_000)
        case 4:
            header[rng.randrange(len(header))] = rng.choice(
                b"\xdd\xdf\xdb\xc6\xc9\xd4\xcf\xcb\xc0\xc1"
            )
        case 5:
            frames = [*frames, *([rng.randbytes(9)] * rng.choice((1, 2, 70)))]
        case 6:
            frames = [*frames[:1], *(each[: rng.randrange(len(each) + 1)] for each in frames[1:])]
        case _:
            for _ in range(rng.randrange(1, 6)):
                header[rng.randrange(len(header))] = rng.randrange(256)
    return [bytes(header), *frames[1:]]


def test_damaged_messages_leave_it_alive(address: str, tmp_path: Path) -> None:
    rng = random.Random(0)
    network = dense(tmp_path, (3, 5))
    load = m.Load("affine", 1, 1)
    item = PlanItem("only", (network.digest,))
    plan = Plan((item,), "affine", max_rounds=3, max_seconds=1, inputs={"x": network.digest})
    sound = [
        encode(Envelope(1, message, (bytes(20),)))
        for message in (
            *MESSAGES,
            m.Compose((network.digest,), load),
            m.RunPlan(plan),
            m.Model(network.digest, network.path.stat().st_size, load),
            m.Infer(),
        )
    ]
    for _ in range(6):
        with connect(address) as host:
            host.upload(network.path, network.digest)
        with Wire(address) as host:
            assert isinstance(host.ask(1, m.Lease()).message, m.Ok)
            for _ in range(DAMAGED // 6):
                frames = [bytes(frame) for frame in rng.choice(sound)]
                host.send(*damaged(rng, frames))
                host.drain()
        with connect(address) as after:
            free_again(after)


def what_came_of(target: TargetClient, digest: str) -> str:
    """Running an artifact: an error's code, or empty."""
    try:
        composed = target.compose([digest], runtime="affine")
        target.infer([bytes(each.nbytes) for each in composed.spec.inputs])
    except RemoteError as error:
        return error.code
    return ""


def test_damaged_networks_are_refused(target: TargetClient, tmp_path: Path) -> None:
    rng = random.Random(0)
    content = dense(tmp_path, (3, 5)).path.read_bytes()
    for _ in range(60):
        piece = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            piece[rng.randrange(len(piece))] = rng.choice((0, 1, 255, rng.randrange(256)))
        if rng.random() < 0.3:
            piece = piece[: rng.randrange(1, len(piece))]
        path = tmp_path / "piece"
        path.write_bytes(piece)
        digest = hashlib.sha256(piece).hexdigest()
        target.upload(path, digest)
        assert what_came_of(target, digest) in ("", "bad_request")


def test_whole_test_runs_on_it(
    binary: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the compiler, data and network of the plugin, and the engine of the target in C."""
    plugin = install(tmp_path_factory.mktemp("plugin"))
    scenario = yaml.safe_load((PLUGIN / "scenario.yaml").read_text())
    with running(binary, tmp_path) as address:
        scenario["target"]["address"] = address
        (tmp_path / "scenario.yaml").write_text(yaml.safe_dump({**scenario, **SMALL}))
        done = plugin.kenning_lego("test", "scenario.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = (tmp_path / scenario["workspace"]).glob("runs/*/record.json")
    record = json.loads(path.read_text())
    assert record["target"]["used"]["version"] == "target-c 1"
    assert record["configurations"][0]["measured"]["score"] is not None
