"""The session: who holds the lease, in which order requests are answered, what is left over."""

from __future__ import annotations

import pytest

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols import dialogue
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.live_messages import Preload, SwitchTo
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    UPLOAD_CREDITS,
    AskTelemetry,
    Bye,
    Cancel,
    Compose,
    Credit,
    Data,
    Error,
    Event,
    Hello,
    Infer,
    Lease,
    Load,
    Message,
    Model,
    Observe,
    Ok,
    Output,
    Process,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.session import MAX_NAMES, MAX_QUEUED
from tests.protocols.shell import INPUT, Shell, code_of, problem_of

HOST, OTHER = b"host", b"other"
DIGEST = "0" * 64
LOAD = Load("onnxruntime", 1, 1)
COMPOSE = Compose((DIGEST,), LOAD)
SWITCH = SwitchTo((DIGEST,))
PLAN = RunPlan(Plan((PlanItem("a", (DIGEST,)),)))


def leased() -> Shell:
    shell = Shell()
    assert code_of(shell.answer(HOST, Lease())) == "ok"
    return shell


def composed() -> Shell:
    shell = leased()
    shell.ask(HOST, COMPOSE)
    shell.work()
    return shell


def nothing_is_left(shell: Shell) -> None:
    """A new session has no pipeline, inputs, outputs, upload or worker."""
    assert shell.session.holder is None
    assert shell.worker is None
    assert shell.store.open is None
    assert code_of(shell.answer(OTHER, Lease())) == "ok"
    assert "no pipeline" in str(problem_of(shell.answer(OTHER, Data(), INPUT)))
    assert "no pipeline" in str(problem_of(shell.answer(OTHER, Infer(), INPUT)))
    assert "without inputs" in str(problem_of(shell.answer(OTHER, Process())))
    assert "without a result" in str(problem_of(shell.answer(OTHER, Output())))


def test_anybody_may_greet() -> None:
    shell = leased()
    assert code_of(shell.answer(OTHER, Hello("laptop", "1"))) == "ok"
    assert shell.session.holder == HOST


@pytest.mark.parametrize(
    "message",
    [
        Model(DIGEST, 1),
        COMPOSE,
        Data(),
        Process(),
        Output(),
        Infer(),
        PLAN,
        Cancel(),
        Stats(),
        AskTelemetry(),
        SWITCH,
        Preload((DIGEST,)),
        Bye(),
    ],
    ids=lambda message: message.kind.name,
)
def test_nothing_is_done_for_one_without_the_lease(message: Message) -> None:
    for shell in (Shell(), composed()):
        worker, holder = shell.worker, shell.session.holder
        answer = shell.answer(OTHER, message, INPUT)
        assert code_of(answer) == "no_lease"
        assert "send LEASE first" in str(problem_of(answer))
        assert shell.worker is worker
        assert shell.session.holder is holder


def test_anybody_may_observe_and_only_the_holder_sees_what_was_sampled() -> None:
    shell = leased()
    assert code_of(shell.answer(OTHER, Observe())) == "ok"
    assert code_of(shell.answer(OTHER, AskTelemetry())) == "no_lease"
    assert code_of(shell.answer(HOST, AskTelemetry())) == "ok"


def test_telemetry_is_answered_while_a_plan_runs() -> None:
    shell = leased()
    shell.ask(HOST, PLAN)
    assert code_of(shell.answer(HOST, AskTelemetry())) == "ok"
    assert [type(each.message) for each in shell.running] == [RunPlan]


def test_sampling_begins_and_ends_with_the_lease() -> None:
    shell = Shell()
    sampled_for = [shell.sampled_for]
    shell.ask(HOST, Lease())
    sampled_for.append(shell.sampled_for)
    shell.now = 1000.0
    shell.ask(OTHER, Lease())  # takes over from one that is silent
    sampled_for.append(shell.sampled_for)
    shell.lose(OTHER)
    sampled_for.append(shell.sampled_for)
    assert sampled_for == [None, HOST, OTHER, None]


def test_lease_asked_for_again_keeps_what_was_sampled() -> None:
    shell = leased()
    shell.ask(HOST, Lease())  # the shell refuses a second beginning
    assert shell.sampled_for == HOST


def test_chunk_from_one_without_the_lease_touches_no_upload() -> None:
    shell = leased()
    request = shell.ask(HOST, Model(DIGEST, 10))
    shell.waiting[OTHER, request] = Model(DIGEST, 10)
    shell.chunk(OTHER, request, 0, b"evil")
    assert code_of(shell.answers[OTHER, request]) == "no_lease"
    assert shell.store.parts[DIGEST] == 0


@pytest.mark.parametrize("message", [Ok({}), Error("x", "y"), Credit(0, 1)])
def test_message_that_only_a_target_sends_is_refused(message: Message) -> None:
    shell = leased()
    answer = shell.answer(HOST, message)
    assert code_of(answer) == "bad_message"
    assert "is not for a target to receive" in str(problem_of(answer))


def test_malformed_message_is_answered_and_changes_nothing() -> None:
    shell = composed()
    shell.feed(dialogue.Malformed(OTHER, 0, ProtocolError("a header that is not msgpack")))
    assert code_of(shell.answers[OTHER, 0]) == "bad_message"
    assert shell.session.holder == HOST


def test_lease_may_be_asked_for_again_and_keeps_what_is_loaded() -> None:
    shell = composed()
    assert code_of(shell.answer(HOST, Lease())) == "ok"
    assert code_of(shell.answer(HOST, Data(), INPUT)) == "ok"


def test_busy_target_names_the_holder_and_since_when() -> None:
    shell = Shell()
    shell.ask(HOST, Hello("lab-laptop", "1"))
    shell.ask(HOST, Lease())
    shell.now = 12.0
    answer = shell.answer(OTHER, Lease())
    assert code_of(answer) == "busy"
    assert "lab-laptop holds it since 12 s ago" in str(problem_of(answer))
    assert shell.session.holder == HOST


def test_holder_who_never_greeted_is_a_host() -> None:
    assert "a host holds it" in str(problem_of(leased().answer(OTHER, Lease())))


def test_names_of_hosts_that_only_look_are_not_kept_for_ever() -> None:
    shell = Shell()
    shell.ask(HOST, Hello("measurer", "1"))
    shell.ask(HOST, Lease())
    for index in range(2 * MAX_NAMES):
        shell.ask(b"%d" % index, Hello("looker", "1"))
    assert "measurer holds it" in str(problem_of(shell.answer(OTHER, Lease())))
    assert len(shell.session._names) == MAX_NAMES


def test_silent_idle_holder_loses_the_lease_only_after_the_timeout() -> None:
    shell = composed()
    shell.now = 29.9
    assert code_of(shell.answer(OTHER, Lease())) == "busy"
    shell.now = 30.0
    assert code_of(shell.answer(OTHER, Lease())) == "ok"
    assert shell.session.holder == OTHER
    assert shell.worker is None
    assert code_of(shell.answer(HOST, Stats())) == "no_lease"
    shell.ask(OTHER, Bye())
    nothing_is_left(shell)


def test_silent_holder_keeps_the_lease_as_long_as_nobody_asks() -> None:
    shell = composed()
    shell.now = 1e6
    assert code_of(shell.answer(HOST, Data(), INPUT)) == "ok"
    assert code_of(shell.answer(OTHER, Lease())) == "busy"


def test_every_message_of_the_holder_breaks_its_silence() -> None:
    shell = leased()
    for _ in range(5):
        shell.now += 29.0
        shell.ask(HOST, Hello("alive", "1"))
        assert code_of(shell.answer(OTHER, Lease())) == "busy"


def test_silent_holder_with_a_plan_under_way_keeps_the_lease_however_long() -> None:
    shell = leased()
    shell.ask(HOST, PLAN)
    shell.now = 1e6
    assert code_of(shell.answer(OTHER, Lease())) == "busy"


def test_holder_with_an_upload_under_way_keeps_the_lease() -> None:
    shell = leased()
    shell.ask(HOST, Model(DIGEST, 10))
    shell.now = 1e6
    assert code_of(shell.answer(OTHER, Lease())) == "busy"


def test_holder_can_fetch_the_samples_of_a_plan_that_took_longer_than_the_timeout() -> None:
    shell = leased()
    shell.ask(HOST, PLAN)
    shell.now = 3600.0
    shell.work()
    shell.now += 1.0
    assert code_of(shell.answer(OTHER, Lease())) == "busy"
    request = shell.ask(HOST, Stats())
    shell.work()
    assert code_of(shell.answers[HOST, request]) == "ok"


def test_pipelined_requests_are_answered_in_order() -> None:
    shell = composed()
    wanted = [
        shell.ask(HOST, message, *payload)
        for _ in range(3)
        for message, payload in ((Data(), [INPUT]), (Process(), []), (Output(), []))
    ]
    while shell.work():
        pass
    answered = [request for _, request, _ in shell.events if request in wanted]
    assert answered == wanted
    assert {code_of(shell.answers[HOST, request]) for request in wanted} == {"ok"}


def test_inputs_of_the_next_sample_wait_until_the_outputs_of_the_last_were_read() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    shell.ask(HOST, Process())
    output = shell.ask(HOST, Output())
    following = shell.ask(HOST, Data(), INPUT)
    assert (HOST, output) in shell.waiting
    assert (HOST, following) in shell.waiting
    shell.work()
    assert [request for _, request, _ in shell.events][-2:] == [output, following]


def test_outputs_are_gone_with_new_inputs() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    shell.ask(HOST, Process())
    shell.work()
    assert code_of(shell.answer(HOST, Output())) == "ok"
    assert code_of(shell.answer(HOST, Output())) == "ok"
    shell.ask(HOST, Data(), INPUT)
    assert "without a result" in str(problem_of(shell.answer(HOST, Output())))


def test_outputs_are_gone_when_the_next_run_fails() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    for fail in (False, True):
        shell.ask(HOST, Process())
        shell.work(fail=fail)
    assert "without a result" in str(problem_of(shell.answer(HOST, Output())))


def test_inference_answers_with_the_outputs_and_leaves_them_to_be_read() -> None:
    shell = composed()
    request = shell.ask(HOST, Infer(), INPUT)
    assert isinstance(shell.work(), Process)
    assert code_of(shell.answers[HOST, request]) == "ok"
    assert code_of(shell.answer(HOST, Output())) == "ok"


@pytest.mark.parametrize("message", [Data(), Infer()])
def test_inputs_of_a_wrong_size_are_refused_and_the_old_ones_stay(message: Message) -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    for payload in ([], [INPUT[1:]], [INPUT, INPUT]):
        answer = shell.answer(HOST, message, *payload)
        assert code_of(answer) == "bad_request"
    request = shell.ask(HOST, Process())
    shell.work()
    assert code_of(shell.answers[HOST, request]) == "ok"


def test_pipeline_that_cannot_be_loaded_leaves_the_old_one() -> None:
    shell = composed()
    request = shell.ask(HOST, COMPOSE)
    shell.work(fail=True)
    assert code_of(shell.answers[HOST, request]) == "engine_failed"
    assert code_of(shell.answer(HOST, Data(), INPUT)) == "ok"


def test_new_pipeline_starts_without_inputs_and_outputs() -> None:
    shell = composed()
    shell.ask(HOST, Infer(), INPUT)
    shell.ask(HOST, COMPOSE)
    while shell.work():
        pass
    assert "without inputs" in str(problem_of(shell.answer(HOST, Process())))
    assert "without a result" in str(problem_of(shell.answer(HOST, Output())))


@pytest.mark.parametrize("ending", ["bye", "lost"])
@pytest.mark.parametrize("under_way", ["nothing", "process", "plan", "upload", "queue"])
def test_nothing_is_left_after_a_session(ending: str, under_way: str) -> None:
    shell = composed()
    shell.ask(HOST, Infer(), INPUT)
    shell.work()
    match under_way:
        case "process":
            shell.ask(HOST, Process())
        case "plan":
            shell.ask(HOST, PLAN)
        case "upload":
            shell.ask(HOST, Model(DIGEST, 10))
        case "queue":
            for _ in range(9):
                shell.ask(HOST, Infer(), INPUT)
        case _:
            pass
    if ending == "bye":
        assert code_of(shell.answer(HOST, Bye())) == "ok"
    else:
        shell.lose(HOST)
    nothing_is_left(shell)


def test_host_that_cannot_be_answered_any_more_loses_everything_at_once() -> None:
    shell = composed()
    shell.unreachable.add(HOST)
    shell.ask(HOST, Data(), INPUT)
    nothing_is_left(shell)


def test_loss_of_another_peer_changes_nothing() -> None:
    shell = composed()
    shell.lose(OTHER)
    assert code_of(shell.answer(HOST, Data(), INPUT)) == "ok"


def test_late_news_of_a_request_whose_host_is_gone_are_dropped() -> None:
    shell = leased()
    request = shell.ask(HOST, PLAN)
    shell.lose(HOST)
    before = list(shell.events)
    late = Envelope(request, Ok({}))
    shell.feed(dialogue.WorkerAnswered(late))
    shell.ask(OTHER, Lease())
    shell.feed(dialogue.WorkerAnswered(late))
    shell.ask(OTHER, PLAN)
    shell.feed(dialogue.WorkerAnswered(late))
    shell.feed(dialogue.UploadAt(3))
    shell.feed(dialogue.UploadAt(3, held=True))
    shell.feed(dialogue.UploadFailed(ProtocolError("late")))
    assert len(shell.events) == len(before) + 1  # the lease
    assert len(shell.running) == 1


def test_death_of_the_worker_is_told_and_the_dialogue_goes_on() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    dead = shell.ask(HOST, Process())
    queued = shell.ask(HOST, Output())
    statistics = shell.ask(HOST, Stats())
    shell.die()
    answer = shell.answers[HOST, dead]
    assert code_of(answer) == "worker_died"
    assert "while it carried out PROCESS: killed by SIGKILL" in str(problem_of(answer))
    assert code_of(shell.answers[HOST, queued]) == "bad_request"
    assert shell.work() == Stats()
    assert code_of(shell.answers[HOST, statistics]) == "ok"
    assert "no pipeline" in str(problem_of(shell.answer(HOST, Data(), INPUT)))


def test_death_of_an_idle_worker_is_told_with_the_next_request() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    shell.die()
    assert "without inputs" in str(problem_of(shell.answer(HOST, Process())))


def test_death_of_the_worker_does_not_disturb_an_upload() -> None:
    shell = composed()
    request = shell.ask(HOST, Model(DIGEST, 4))
    shell.die()
    shell.chunk(HOST, request, 0, b"1234")
    assert shell.answers[HOST, request] == Ok({"known": False})


def test_worker_that_answers_nonsense_leaves_its_request_to_be_refused() -> None:
    shell = leased()
    request = shell.ask(HOST, COMPOSE)
    with pytest.raises(ProtocolError):
        shell.feed(dialogue.WorkerAnswered(Envelope(request, Ok({"spec": 3}))))
    shell.die()
    assert code_of(shell.answers[HOST, request]) == "worker_died"


def test_progress_reaches_the_holder_before_the_answer() -> None:
    shell = leased()
    request = shell.ask(HOST, PLAN)
    assert shell.tell()
    assert shell.tell()
    shell.work()
    kinds = [type(message) for _, each, message in shell.events if each == request]
    assert kinds == [Event, Event, Ok]


def test_cancel_reaches_the_worker_only_for_a_plan_under_way() -> None:
    shell = composed()
    assert code_of(shell.answer(HOST, Cancel())) == "ok"
    shell.ask(HOST, Data(), INPUT)
    shell.ask(HOST, Process())
    assert code_of(shell.answer(HOST, Cancel())) == "ok"
    assert [type(each.message) for each in shell.running] == [Process]
    plan = shell.ask(HOST, PLAN)
    shell.ask(HOST, Cancel())
    assert shell.worker is not None
    assert [type(each.message) for each in shell.worker.inbox] == [Process]
    shell.work()
    shell.ask(HOST, Cancel())
    sent = list(shell.worker.inbox)
    assert [type(each.message) for each in sent] == [RunPlan, Cancel]
    assert {each.id for each in sent} == {plan}
    shell.work()
    assert code_of(shell.answers[HOST, plan]) == "ok"


def test_queue_is_bounded_and_what_was_queued_is_still_answered() -> None:
    shell = composed()
    shell.ask(HOST, Data(), INPUT)
    first = shell.ask(HOST, Process())
    queued = [shell.ask(HOST, Output()) for _ in range(MAX_QUEUED)]
    assert code_of(shell.answer(HOST, Output())) == "too_many"
    assert code_of(shell.answer(HOST, Model(DIGEST, 1))) == "too_many"
    assert code_of(shell.answer(HOST, Cancel())) == "ok"  # heard in any case
    shell.work()
    assert {code_of(shell.answers[HOST, request]) for request in [first, *queued]} == {"ok"}
    assert code_of(shell.answer(HOST, Output())) == "ok"


def test_known_artifact_needs_no_chunk() -> None:
    shell = leased()
    shell.store.held.add(DIGEST)
    assert shell.answer(HOST, Model(DIGEST, 10)) == Ok({"known": True})
    assert shell.credits == 0


def test_upload_continues_where_an_earlier_one_broke_off() -> None:
    shell = leased()
    request = shell.ask(HOST, Model(DIGEST, 10))
    shell.chunk(HOST, request, 0, b"1234")
    shell.lose(HOST)
    shell.ask(OTHER, Lease())
    request = shell.ask(OTHER, Model(DIGEST, 10))
    assert shell.events[-1] == (OTHER, request, Credit(4, UPLOAD_CREDITS))
    shell.chunk(OTHER, request, 4, b"567890")
    assert shell.answers[OTHER, request] == Ok({"known": False})


def test_credit_grows_by_one_for_each_chunk_and_never_beyond_the_bound() -> None:
    shell = leased()
    size = 20
    request = shell.ask(HOST, Model(DIGEST, size))
    assert shell.credits == UPLOAD_CREDITS
    for offset in range(size):
        shell.chunk(HOST, request, offset, b"x")
    given = [message for _, each, message in shell.events if each == request][:-1]
    assert given == [Credit(0, UPLOAD_CREDITS), *(Credit(n, 1) for n in range(1, size))]
    assert code_of(shell.answers[HOST, request]) == "ok"


def test_model_with_load_becomes_the_pipeline() -> None:
    shell = leased()
    request = shell.ask(HOST, Model(DIGEST, 4, LOAD))
    shell.chunk(HOST, request, 0, b"1234")
    assert (HOST, request) in shell.waiting
    assert shell.work() == COMPOSE
    answer = shell.answers[HOST, request]
    assert isinstance(answer, Ok)
    assert "spec" in answer.result
    assert code_of(shell.answer(HOST, Data(), INPUT)) == "ok"


def test_model_with_load_comes_before_what_was_asked_later() -> None:
    shell = leased()
    model = shell.ask(HOST, Model(DIGEST, 4, LOAD))
    inference = shell.ask(HOST, Infer(), INPUT)
    statistics = shell.ask(HOST, Stats())
    shell.chunk(HOST, model, 0, b"1234")
    while shell.work():
        pass
    assert [request for _, request, _ in shell.events[-3:]] == [model, inference, statistics]
    assert code_of(shell.answers[HOST, inference]) == "ok"


@pytest.mark.parametrize(
    ("offset", "pieces"),
    [
        (3, [b"1"]),
        (5, [b"1"]),
        (0, [b"1234"]),
        (4, []),
        (4, [b""]),
        (4, [b"1", b"2"]),
        (4, [b"1234567"]),
    ],
    ids=["overlap", "gap", "again", "no frame", "empty", "two frames", "too long"],
)
def test_chunk_out_of_order_fails_the_upload_and_nothing_else(
    offset: int, pieces: list[bytes]
) -> None:
    shell = composed()
    request = shell.ask(HOST, Model(DIGEST, 10))
    queued = shell.ask(HOST, Data(), INPUT)
    shell.chunk(HOST, request, 0, b"1234")
    shell.chunk(HOST, request, offset, *pieces)
    answer = shell.answers[HOST, request]
    assert code_of(answer) == "store"
    assert "does not continue the upload at 4" in str(problem_of(answer))
    assert code_of(shell.answers[HOST, queued]) == "ok"
    shell.chunk(HOST, request, 4, b"late")  # was under way; nobody is disturbed
    assert shell.store.parts[DIGEST] == 4
    assert shell.session.holder == HOST
    request = shell.ask(HOST, Model(DIGEST, 10))
    shell.chunk(HOST, request, 4, b"567890")
    assert code_of(shell.answers[HOST, request]) == "ok"


def test_chunk_longer_than_agreed_is_refused() -> None:
    shell = leased()
    request = shell.ask(HOST, Model(DIGEST, 3 * CHUNK_BYTES))
    shell.chunk(HOST, request, 0, bytes(CHUNK_BYTES))
    shell.chunk(HOST, request, CHUNK_BYTES, bytes(CHUNK_BYTES + 1))
    assert code_of(shell.answers[HOST, request]) == "store"


def test_store_that_refuses_fails_the_upload_and_nothing_else() -> None:
    shell = composed()
    request = shell.ask(HOST, Model(DIGEST, 10))
    queued = shell.ask(HOST, Data(), INPUT)
    shell.store.failing = True
    shell.chunk(HOST, request, 0, b"1234")
    assert code_of(shell.answers[HOST, request]) == "store"
    assert "no space left" in str(problem_of(shell.answers[HOST, request]))
    assert code_of(shell.answers[HOST, queued]) == "ok"


def test_chunk_of_another_request_is_ignored() -> None:
    shell = leased()
    request = shell.ask(HOST, Model(DIGEST, 10))
    shell.chunk(HOST, request + 7, 0, b"1234")
    assert shell.store.parts[DIGEST] == 0
    assert (HOST, request) in shell.waiting


def test_frames_go_on_while_a_configuration_is_loaded() -> None:
    shell = composed()
    switch = shell.ask(HOST, SWITCH)
    for _ in range(3):
        frame = shell.ask(HOST, Infer(), INPUT)
        assert isinstance(shell.work(), Process)
        assert code_of(shell.answers[HOST, frame]) == "ok"
    assert (HOST, switch) not in shell.answers
    shell.change()
    assert code_of(shell.answers[HOST, switch]) == "ok"


def test_switch_begins_in_its_turn() -> None:
    shell = composed()
    shell.ask(HOST, Infer(), INPUT)
    shell.ask(HOST, SWITCH)
    assert shell.worker is not None
    assert not shell.worker.changes
    shell.work()
    assert len(shell.worker.changes) == 1


@pytest.mark.parametrize("message", [PLAN, COMPOSE], ids=["plan", "compose"])
def test_what_measures_or_composes_waits_for_a_switch(message: Message) -> None:
    shell = composed()
    shell.ask(HOST, SWITCH)
    waits = shell.ask(HOST, message)
    behind = shell.ask(HOST, Stats())
    assert not shell.running
    shell.change()
    shell.work()
    shell.work()
    assert list(shell.answers)[-2:] == [(HOST, waits), (HOST, behind)]


def test_switch_without_a_pipeline_is_refused() -> None:
    assert "no pipeline is loaded" in str(problem_of(leased().answer(HOST, SWITCH)))


def test_worker_that_dies_takes_its_switches_along() -> None:
    shell = composed()
    asked = [shell.ask(HOST, SWITCH), shell.ask(HOST, SWITCH), shell.ask(HOST, Infer(), INPUT)]
    shell.die()
    assert [code_of(shell.answers[HOST, each]) for each in asked] == ["worker_died"] * 3


def test_host_that_waits_for_a_switch_keeps_the_lease() -> None:
    shell = composed()
    shell.ask(HOST, SWITCH)
    shell.now = 1000.0
    assert code_of(shell.answer(OTHER, Lease())) == "busy"
    shell.change()
    assert code_of(shell.answer(OTHER, Lease())) == "busy"


def test_id_of_a_switch_under_way_is_not_used_again() -> None:
    shell = composed()
    request = shell.ask(HOST, SWITCH)
    again = Envelope(request, Process())
    shell.ask(HOST, Data(), INPUT)
    actions = shell.session.handle(dialogue.Received(HOST, again), shell.now)
    assert isinstance(actions[-1], dialogue.Send)
    assert "under way already" in str(problem_of(actions[-1].envelope.message))


def test_only_so_many_switches_are_under_way() -> None:
    shell = composed()
    for _ in range(MAX_QUEUED):
        shell.ask(HOST, SWITCH)
    assert code_of(shell.answer(HOST, SWITCH)) == "too_many"
