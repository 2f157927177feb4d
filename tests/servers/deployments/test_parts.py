"""The parts of which deployments are made: pace, budgets, records, restarts, what is kept."""

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.bounds import NO_BOUNDS, Bounds
from kenning_lego.core.deployment_records import (
    DeploymentRecord,
    DeploymentStatus,
    Frame,
    FrameOutputs,
)
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import AddressError, ConfigurationError, ProtocolError
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.protocols.codec import Envelope, decode, encode
from kenning_lego.protocols.deployment_messages import AskRecord
from kenning_lego.protocols.deployment_results import (
    pack_record,
    read_record,
    rows_of,
    rows_to_bytes,
)
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Ok
from kenning_lego.servers.deployments.budget_file import BudgetFile
from kenning_lego.servers.deployments.budget_socket import BudgetSocket
from kenning_lego.servers.deployments.budget_text import parse_budgets
from kenning_lego.servers.deployments.budgets import TOGETHER, Budgets
from kenning_lego.servers.deployments.choosing import first_choice
from kenning_lego.servers.deployments.kept import FILE, keep, read_kept
from kenning_lego.servers.deployments.pacing import Pace
from kenning_lego.servers.deployments.record import KEPT_EVENTS, Record
from kenning_lego.servers.deployments.restarts import GOOD_RUN_S, MOST_IN_A_ROW, Restarts
from kenning_lego.servers.readiness import Readiness
from tests.protocols.deployed import deployments

patient = settings(max_examples=50)
MS = 1_000_000
STATUS = DeploymentStatus("a", "running")


def test_pace_keeps_its_grid_and_counts_what_was_missed() -> None:
    pace = Pace(100.0, 0)
    assert pace.wait_s(0) == 0
    assert pace.begin(1 * MS) == 1 * MS
    assert pace.wait_s(2 * MS) == 0.008
    assert pace.begin(10 * MS) == 0
    # The frame took 35 ms: those due at 20 and 30 ms are missed, it stands for that of 40 ms.
    assert pace.begin(45 * MS) == 5 * MS
    assert pace.missed == 2
    assert pace.wait_s(45 * MS) == 0.005


@patient
@given(st.lists(st.integers(0, 100), min_size=1, max_size=50))
def test_paced_frames_are_never_late_by_a_period_and_slots_are_run_or_missed(
    waits: list[int],
) -> None:
    pace, now, period = Pace(1000.0, 0), 0, MS
    for wait in waits:
        now += max(wait * MS // 10, int(pace.wait_s(now) * 1e9 + 0.5))
        assert 0 <= pace.begin(now) < period
    assert len(waits) + pace.missed == now // period + 1


def test_without_a_rate_nothing_is_late() -> None:
    pace = Pace(None, 0)
    assert (pace.wait_s(10**12), pace.begin(10**12), pace.missed) == (0.0, 0, 0)


def test_restarts_pause_longer_each_time_and_end() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_s(0.0) for _ in range(MOST_IN_A_ROW)]
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert max(each for each in pauses if each is not None) == 60.0
    assert restarts.pause_s(0.0) is None
    assert restarts.count == MOST_IN_A_ROW


def test_good_run_makes_up_for_crashes() -> None:
    restarts = Restarts()
    restarts.pause_s(0.0)
    restarts.began(10.0)
    assert restarts.pause_s(10.0 + GOOD_RUN_S / 2) == 1.0
    restarts.began(100.0)
    assert restarts.pause_s(100.0 + GOOD_RUN_S) == 0.5


def test_tightest_of_what_anybody_says_holds_until_it_is_taken_back() -> None:
    budgets = Budgets()
    assert budgets.say("host", "a", Bounds(latency_ms=10.0))
    assert budgets.say("socket", "a", Bounds(latency_ms=5.0, memory_bytes=100))
    budgets.say_all("file", {"a": Bounds(memory_bytes=50), TOGETHER: Bounds(memory_bytes=70)})
    assert budgets.of("a") == Bounds(5.0, 50)
    assert budgets.of(TOGETHER) == Bounds(memory_bytes=70)
    assert budgets.of("a", {"socket": NO_BOUNDS, "host": NO_BOUNDS}) == Bounds(memory_bytes=50)
    assert not budgets.say("host", "a", Bounds(latency_ms=10.0))
    assert budgets.say("socket", "a", NO_BOUNDS)
    budgets.say_all("file", {})
    assert budgets.of("a") == Bounds(latency_ms=10.0)
    budgets.forget("a")
    assert budgets.of("a") == NO_BOUNDS


def test_budgets_are_read_from_json() -> None:
    text = b'{"memory_bytes": 9, "deployments": {"a": {"latency_ms": 2}, "b-1": {}}}'
    assert parse_budgets(text, "it") == {
        TOGETHER: Bounds(memory_bytes=9),
        "a": Bounds(latency_ms=2.0),
        "b-1": NO_BOUNDS,
    }
    assert parse_budgets(b'{"memory_bytes": null}', "it") == {TOGETHER: NO_BOUNDS}
    assert parse_budgets(b"{}", "it") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is not JSON"),
        ("[]", "it is not a map"),
        ("[" * 100_000, "it is not JSON"),
        ('{"memory": 1}', "it has unknown field 'memory'"),
        ('{"memory_bytes": -1}', "'memory_bytes' is not an integer from 0"),
        ('{"memory_bytes": 1e999}', "'memory_bytes' is not an integer"),
        ('{"deployments": {"a": {"latency_ms": NaN}}}', "'latency_ms' is not a number"),
        ('{"deployments": {"../a": {}}}', "the name '../a' is not"),
        ('{"deployments": {"a": {"latency": 1}}}', "unknown field 'latency'"),
    ],
)
def test_what_are_no_budgets_is_refused_with_an_example(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_budgets(text.encode(), "it")
    assert problem in refused.value.problem
    assert '"deployments"' in refused.value.remedy


def test_budget_file_is_read_once_for_each_change(tmp_path: Path) -> None:
    path = tmp_path / "budgets"
    file = BudgetFile(path)
    assert file.changed() == {}
    assert file.changed() is None
    path.write_text('{"memory_bytes": 1}')
    assert file.changed() == {TOGETHER: Bounds(memory_bytes=1)}
    assert file.changed() is None
    path.write_text("{")
    with pytest.raises(ConfigurationError, match=str(path)):
        file.changed()
    assert file.changed() is None
    path.unlink()
    assert file.changed() == {}


def test_budget_socket_replaces_a_stale_one_and_not_a_live_one(tmp_path: Path) -> None:
    path, readiness = tmp_path / "budgets", Readiness()
    first = BudgetSocket(path, readiness, lambda _: None)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AddressError, match="no budget socket can be made"):
        BudgetSocket(path, readiness, lambda _: None)
    first.close()
    assert not path.exists()
    path.write_text("not a socket")
    with pytest.raises(AddressError):
        BudgetSocket(path, readiness, lambda _: None)
    assert path.read_text() == "not a socket"
    readiness.close()


def frames(first: int, count: int, configuration: int = 0) -> list[Frame]:
    return [Frame(first + n, (first + n) * MS, MS, 0, configuration) for n in range(count)]


def recorded(record: Record, ask: AskRecord) -> DeploymentRecord:
    result, payload = pack_record(*record.part(ask, STATUS))
    sent = encode(Envelope(1, Ok(result), tuple(payload)))
    answer = decode([bytes(frame) for frame in sent])
    assert isinstance(answer.message, Ok)
    return read_record(Fields(dict(answer.message.result), "OK"), answer.payload)


def test_record_is_read_with_cursors_and_says_what_is_gone() -> None:
    record = Record(keep_frames=10, keep_outputs_bytes=8)
    small, large = ("a" * 64,), ("b" * 64, "c" * 64)
    record.add_frames(rows_to_bytes(frames(0, 8)), {0: small})
    record.add_frames(rows_to_bytes(frames(8, 8, 1)), {1: large})
    record.add_outputs([FrameOutputs(n, (b"1234",)) for n in range(16)])
    record.note("began", "server", "now", at_ns=5)
    first = record.part(AskRecord("a", frames=4, outputs=True), STATUS)[0]
    assert (first.frames_dropped, first.next_frame, first.next_event) == (6, 10, 1)
    assert first.configurations == {0: small, 1: large}
    rest = recorded(record, AskRecord("a", 10, 1, outputs=True))
    assert rest.frames == tuple(frames(10, 6, 1))
    assert rest.configurations == {1: large}
    assert rest.outputs == (FrameOutputs(14, (b"1234",)), FrameOutputs(15, (b"1234",)))
    assert (rest.events, rest.next_frame, rest.frames_dropped) == ((), 16, 0)


def test_oldest_events_go_and_are_counted() -> None:
    record = Record(0, 0)
    for number in range(KEPT_EVENTS + 5):
        record.note("decided", "adaptation", str(number), at_ns=number)
    part = record.part(AskRecord("a", 0, 2), STATUS)[0]
    assert (part.events_dropped, part.events[0].text, len(part.events)) == (3, "5", KEPT_EVENTS)


@pytest.mark.parametrize("content", [b"1", b"\xff" * 40, b"\0" * 39])
def test_rows_that_are_none_are_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        rows_of(content)


@patient
@given(st.lists(deployments, max_size=2, unique_by=lambda each: each.name))
def test_kept_deployments_are_the_same_when_read(kept: list[Deployment]) -> None:
    with TemporaryDirectory() as directory:
        keep(Path(directory), kept)
        assert read_kept(Path(directory)) == kept


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2, "deployments": []}', "[" * 9999])
def test_kept_file_that_cannot_be_read_starts_nothing(tmp_path: Path, text: str) -> None:
    assert read_kept(tmp_path) == []
    (tmp_path / FILE).write_text(text)
    assert read_kept(tmp_path) == []


choosable = st.lists(
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 1000)),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=3,
).filter(lambda segments: any(len(each) > 1 for each in segments))


@patient
@given(choosable, st.integers(0, 3000), st.integers(0, 300))
def test_first_choice_costs_least_within_the_bounds_or_else_keeps_the_memory(
    figures: list[list[tuple[int, int, int]]], memory_bytes: int, latency_ms: int
) -> None:
    offer = Offer(
        tuple(
            OfferedSegment(
                f"s{place}",
                tuple(
                    OfferedVariant(f"v{index}", "a" * 64, float(cost), float(latency), memory)
                    for index, (cost, latency, memory) in enumerate(variants)
                ),
            )
            for place, variants in enumerate(figures)
        )
    )
    every = [tuple(map(sum, zip(*mix, strict=True))) for mix in itertools.product(*figures)]
    choice = first_choice(offer, Bounds(float(latency_ms), memory_bytes))
    cost, latency, memory = (
        sum(column)
        for column in zip(
            *(
                figures[place][int(choice.get(f"s{place}", "v0")[1:])]
                for place in range(len(figures))
            ),
            strict=True,
        )
    )
    kept = [each[0] for each in every if each[1] <= latency_ms and each[2] <= memory_bytes]
    if kept:
        assert (cost, latency <= latency_ms, memory <= memory_bytes) == (min(kept), True, True)
    else:
        assert memory <= max(memory_bytes, min(each[2] for each in every))
