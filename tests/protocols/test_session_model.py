"""Whatever hosts, worker and store do in whatever order, the session keeps its promises."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import LoadPlan
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols import dialogue
from kenning_lego.protocols.live_messages import Preload, SwitchTo
from kenning_lego.protocols.messages import (
    AskTelemetry,
    Bye,
    Cancel,
    Compose,
    Data,
    Hello,
    Infer,
    Lease,
    Load,
    MeasureFootprint,
    Message,
    Model,
    Observe,
    Ok,
    Output,
    Process,
    RunLoadTest,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.session import MAX_QUEUED
from tests.protocols.shell import INPUT, Shell, code_of, problem_of

TIMEOUT_S = 30.0
PEERS = (b"a", b"b", b"c")
DIGESTS = ("0" * 64, "1" * 64)
SIZE = 6
LOAD = Load("engine", 1, 1)

peers = st.sampled_from(PEERS)
mostly = st.sampled_from([True, True, True, False])
IN_ORDER: tuple[Message, ...] = (
    *(Compose((DIGESTS[0],), LOAD), Data(), Process(), Output(), Infer(), Stats()),
    *(Model(DIGESTS[0], SIZE), Model(DIGESTS[1], SIZE, LOAD)),
    RunPlan(Plan((PlanItem("a", (DIGESTS[0],)),))),
    RunLoadTest(LoadPlan((DIGESTS[0],))),
    MeasureFootprint(FootprintPlan((DIGESTS[0],))),
)
"""Requests of the holder that are answered in the order in which they came."""
CHANGES: tuple[Message, ...] = (SwitchTo((DIGESTS[0],)), Preload((DIGESTS[0],)))
"""Those that others do not wait for."""


class SessionMachine(RuleBasedStateMachine):
    """Random hosts around a session; the shell checks every single action."""

    def __init__(self) -> None:
        super().__init__()
        self.shell = Shell(TIMEOUT_S)
        self.names: dict[bytes, str] = {}
        self.holder_name = ""
        self.last_sign = 0.0
        """When the holder was last seen, or something of it ended."""
        self.seen_events = 0
        self.changes: set[int] = set()
        """Requests whose answers others do not wait for."""

    @property
    def holder(self) -> bytes | None:
        return self.shell.session.holder

    @property
    def busy(self) -> bool:
        under_way = bool(self.beside) or bool(self.shell.running)
        return under_way or self.shell.store.open is not None

    @property
    def beside(self) -> set[int]:
        """Requests that the worker carries out while others go on."""
        worker = self.shell.worker
        return {each.id for each in worker.changes} if worker else set()

    @initialize(loaded=st.booleans())
    def begin(self, loaded: bool) -> None:
        assert code_of(self.shell.answer(PEERS[0], Lease())) == "ok"
        self.holder_name = "a host"
        if loaded:
            self.shell.ask(PEERS[0], IN_ORDER[0])
            self.shell.work()

    def touch(self, peer: bytes) -> None:
        if peer == self.holder:
            self.last_sign = self.shell.now

    @rule(peer=peers, name=st.sampled_from(["lab", "desk"]))
    def greet(self, peer: bytes, name: str) -> None:
        self.touch(peer)
        self.names[peer] = name
        assert code_of(self.shell.answer(peer, Hello(name, "1"))) == "ok"

    @rule(peer=peers)
    def ask_for_the_lease(self, peer: bytes) -> None:
        holder, busy = self.holder, self.busy
        silent = self.shell.now - self.last_sign >= TIMEOUT_S
        answer = self.shell.answer(peer, Lease())
        if holder in (None, peer) or (silent and not busy):
            assert code_of(answer) == "ok"
            assert self.holder == peer
            if holder != peer:
                assert self.shell.worker is None
                assert self.shell.store.open is None
                self.holder_name = self.names.get(peer, "a host")
            self.touch(peer)
        else:
            assert code_of(answer) == "busy"
            assert f"{self.holder_name} holds it" in str(problem_of(answer))
            assert self.holder == holder

    @rule(
        stranger=st.none() | peers,
        messages=st.lists(st.sampled_from(IN_ORDER + CHANGES), min_size=1, max_size=6),
        fitting=mostly,
    )
    def send_without_waiting(
        self, stranger: bytes | None, messages: list[Message], fitting: bool
    ) -> None:
        peer = stranger or self.holder or PEERS[0]
        for message in messages:
            self.touch(peer)
            takes = isinstance(message, Data | Infer)
            payload = [INPUT if fitting else INPUT[1:]] if takes else []
            request = self.shell.ask(peer, message, *payload)
            if message in CHANGES:
                self.changes.add(request)
            if peer != self.holder:
                assert code_of(self.shell.answers[peer, request]) == "no_lease"

    @precondition(lambda self: self.holder is not None and self.busy)
    @rule(count=st.integers(1, MAX_QUEUED + 8))
    def flood(self, count: int) -> None:
        holder = self.holder
        assert holder is not None
        self.touch(holder)
        asked = [self.shell.ask(holder, Stats()) for _ in range(count)]
        refused = [self.shell.answers.get((holder, request)) for request in asked]
        waiting = len(self.shell.waiting) - len(self.beside) - 1
        assert waiting <= MAX_QUEUED + 1
        assert all(answer is None or code_of(answer) == "too_many" for answer in refused)

    @precondition(lambda self: self.shell.store.open is not None)
    @rule(
        offset=st.sampled_from([0, 0, 0, 0, 1, -1]),
        size=st.sampled_from([1, 2, SIZE // 2, SIZE, 0, SIZE + 1]),
    )
    def send_a_chunk(self, offset: int, size: int) -> None:
        holder, store = self.holder, self.shell.store
        assert holder is not None
        assert store.open is not None
        self.touch(holder)
        digest, total = store.open
        arrived = store.parts[digest]
        request = next(
            request
            for (_, request), message in self.shell.waiting.items()
            if isinstance(message, Model)
        )
        self.shell.chunk(holder, request, max(0, arrived + offset), bytes(size))
        fits = max(0, arrived + offset) == arrived and 0 < size <= total - arrived
        if fits and not store.failing:
            assert store.parts[digest] == arrived + size
            assert arrived + size < total or digest in store.held
        else:
            assert store.parts[digest] == arrived
            assert code_of(self.shell.answers[holder, request]) == "store"

    @precondition(lambda self: self.holder is not None and not self.busy)
    @rule(message=st.sampled_from([Data(), Process(), Output()]))
    def ask_idle_worker_for_what_it_may_have(self, message: Message) -> None:
        worker, holder = self.shell.worker, self.holder
        assert holder is not None
        self.touch(holder)
        needs: dict[type[Message], str] = {
            Data: "composed",
            Process: "has_inputs",
            Output: "has_result",
        }
        ready = worker is not None and getattr(worker, needs[type(message)])
        request = self.shell.ask(holder, message, *([INPUT] if message == Data() else []))
        while self.shell.work():
            pass
        assert code_of(self.shell.answers[holder, request]) == ("ok" if ready else "bad_request")

    @rule(fine=mostly)
    def disk_fills_or_is_freed(self, fine: bool) -> None:
        self.shell.store.failing = not fine

    @precondition(lambda self: self.shell.running)
    @rule(fine=mostly)
    def worker_answers(self, fine: bool) -> None:
        while isinstance(self.shell.work(fail=not fine), Cancel):
            pass
        self.last_sign = self.shell.now

    @precondition(lambda self: self.shell.worker and self.shell.worker.changes)
    @rule(fine=mostly)
    def worker_has_changed_the_pipeline(self, fine: bool) -> None:
        self.shell.change(fail=not fine)
        self.last_sign = self.shell.now

    @precondition(lambda self: self.shell.running)
    @rule()
    def worker_answers_all(self) -> None:
        while self.shell.work():
            self.last_sign = self.shell.now

    @rule()
    def worker_tells(self) -> None:
        if self.shell.tell():
            self.last_sign = self.shell.now

    @rule()
    def worker_dies(self) -> None:
        self.shell.die()

    @rule(stranger=st.none() | peers)
    def cancel(self, stranger: bytes | None) -> None:
        peer = stranger or self.holder or PEERS[0]
        self.touch(peer)
        answer = self.shell.answer(peer, Cancel())
        assert code_of(answer) == ("ok" if peer == self.holder else "no_lease")

    @rule(stranger=st.none() | peers)
    def ask_what_the_sensors_told(self, stranger: bytes | None) -> None:
        peer = stranger or self.holder or PEERS[0]
        self.touch(peer)
        answer = self.shell.answer(peer, AskTelemetry())
        assert code_of(answer) == ("ok" if peer == self.holder else "no_lease")

    @rule(peer=peers)
    def observe(self, peer: bytes) -> None:
        self.touch(peer)
        assert code_of(self.shell.answer(peer, Observe())) == "ok"

    @rule(peer=peers, politely=st.booleans(), really=st.integers(0, 2))
    def leave(self, peer: bytes, politely: bool, really: int) -> None:
        if really:
            return  # short sessions hide what long ones do
        held = peer == self.holder
        if politely:
            answer = self.shell.answer(peer, Bye())
            assert code_of(answer) == ("ok" if held else "no_lease")
            if held:
                self.shell.forget(peer)
        else:
            self.names.pop(peer, None)
            self.shell.lose(peer)
        if held:
            self.check_released()

    def check_released(self) -> None:
        assert self.holder is None
        assert self.shell.worker is None
        assert self.shell.store.open is None

    @rule(peer=peers)
    def send_noise(self, peer: bytes) -> None:
        self.shell.feed(dialogue.Malformed(peer, 0, ProtocolError("noise")))
        assert code_of(self.shell.answers[peer, 0]) == "bad_message"

    @rule(seconds=st.sampled_from([0.5, 10.0, 29.9, 30.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.shell.now += seconds

    @invariant()
    def every_open_request_is_the_holders_and_something_will_answer_it(self) -> None:
        if self.shell.waiting:
            assert {peer for peer, _ in self.shell.waiting} == {self.holder}
            assert self.busy

    @invariant()
    def what_is_under_way_is_the_oldest_open_request(self) -> None:
        waiting = [item for item in self.shell.waiting.items() if item[0][1] not in self.beside]
        if waiting:
            (_, oldest), message = waiting[0]
            for each in self.shell.running:
                assert each.id == oldest
            if self.shell.store.open:
                assert isinstance(message, Model)

    @invariant()
    def holder_gets_its_answers_in_the_order_of_its_requests(self) -> None:
        fresh = self.shell.events[self.seen_events :]
        self.seen_events = len(self.shell.events)
        in_turn = [
            request
            for _, request, message in fresh
            if request not in self.changes
            and request
            and (isinstance(message, Ok) or code_of(message) in IN_TURN)
        ]
        assert in_turn == sorted(in_turn)

    @invariant()
    def sensors_are_read_for_the_holder_and_for_nobody_else(self) -> None:
        assert self.shell.sampled_for == self.holder

    def teardown(self) -> None:
        """All that was asked is answered once worker and store get on with it."""
        self.shell.store.failing = False
        for _ in range(3 * MAX_QUEUED):
            if not self.shell.waiting:
                break
            if self.shell.store.open:
                digest, total = self.shell.store.open
                (holder, request), _ = next(
                    item for item in self.shell.waiting.items() if isinstance(item[1], Model)
                )
                arrived = self.shell.store.parts[digest]
                self.shell.chunk(holder, request, arrived, bytes(total - arrived))
            else:
                assert self.shell.work() is not None
        assert not self.shell.waiting


IN_TURN = ("bad_request", "store", "worker_died", "engine_failed")
"""Codes of refusals that wait for their turn; others are given at once."""

TestSession: Any = SessionMachine.TestCase
TestSession.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
