"""The session and deployments: who may ask what, in which order, and what measuring has to know."""

from __future__ import annotations

import pytest

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import LoadPlan
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols import dialogue
from kenning_lego.protocols.deployment_messages import (
    AskRecord,
    Deploy,
    ForceConfiguration,
    SetBounds,
    Unload,
)
from kenning_lego.protocols.messages import (
    Lease,
    MeasureFootprint,
    Message,
    Ok,
    RunLoadTest,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.worker_messages import Begin, Report, Steer
from tests.protocols.shell import Shell, code_of, problem_of

HOST, OTHER = b"host", b"other"
DIGEST = "0" * 64
DEPLOY = Deploy(
    Deployment("a", Offer((OfferedSegment("s", (OfferedVariant("v", DIGEST, 0.0, 1.0, 1),)),)))
)
MEASURING = (
    RunPlan(Plan((PlanItem("a", (DIGEST,)),))),
    RunLoadTest(LoadPlan((DIGEST,))),
    MeasureFootprint(FootprintPlan((DIGEST,))),
)
BESIDE = (
    RunPlan(Plan((PlanItem("a", (DIGEST,)),), beside_deployments=True)),
    RunLoadTest(LoadPlan((DIGEST,), beside_deployments=True)),
    MeasureFootprint(FootprintPlan((DIGEST,), beside_deployments=True)),
)


def leased() -> Shell:
    shell = Shell()
    assert code_of(shell.answer(HOST, Lease())) == "ok"
    return shell


def names_in(answer: Message) -> object:
    assert isinstance(answer, Ok)
    return answer.result.get("deployments")


def test_deploying_needs_the_lease() -> None:
    shell = leased()
    assert code_of(shell.answer(OTHER, DEPLOY)) == "no_lease"
    assert not shell.for_deployments


@pytest.mark.parametrize(
    "message",
    [
        Unload("a"),
        SetBounds("a", Bounds(1.0)),
        AskRecord("a"),
        ForceConfiguration("a", (DIGEST,)),
    ],
    ids=lambda message: message.kind.name,
)
def test_the_rest_needs_no_lease_and_is_answered_beside_a_plan(message: Message) -> None:
    shell = leased()
    shell.ask(HOST, MEASURING[0])
    for peer in (OTHER, HOST):
        request = shell.ask(peer, message)
        assert (peer, request) not in shell.answers
        shell.settle()
        assert code_of(shell.answers[peer, request]) == "ok"
    assert shell.running


@pytest.mark.parametrize("fail", [False, True])
def test_what_comes_after_deploying_waits_for_it(fail: bool) -> None:
    shell = leased()
    deploy, stats = shell.ask(HOST, DEPLOY), shell.ask(HOST, Stats())
    assert not shell.running
    shell.settle(fail=fail)
    assert code_of(shell.answers[HOST, deploy]) == ("worker_died" if fail else "ok")
    shell.work()
    assert code_of(shell.answers[HOST, stats]) == "ok"


def test_deployment_whose_host_went_is_answered_to_nobody_and_holds_nothing_up() -> None:
    shell = leased()
    shell.ask(HOST, DEPLOY)
    shell.lose(HOST)
    assert code_of(shell.answer(OTHER, Lease())) == "ok"
    stats = shell.ask(OTHER, Stats())
    shell.unreachable.add(HOST)
    peer, envelope = shell.for_deployments.popleft()
    actions = shell.session.handle(dialogue.DeploymentsAnswered(peer, envelope), 0.0)
    assert [type(action) for action in actions] == [dialogue.Send]
    shell.work()
    assert code_of(shell.answers[OTHER, stats]) == "ok"


@pytest.mark.parametrize(("plain", "beside"), list(zip(MEASURING, BESIDE, strict=True)))
def test_measuring_beside_deployments_is_refused_unless_asked(
    plain: Message, beside: Message
) -> None:
    shell = leased()
    shell.feed(dialogue.DeploymentsRun(("door", "yard")))
    answer = shell.answer(HOST, plain)
    assert code_of(answer) == "deployments"
    assert "beside door, yard" in str(problem_of(answer))
    request = shell.ask(HOST, beside)
    shell.work()
    assert code_of(shell.answers[HOST, request]) == "ok"
    shell.feed(dialogue.DeploymentsRun(()))
    shell.ask(HOST, plain)
    assert shell.running


def test_answers_tell_beside_which_deployments_was_measured() -> None:
    shell = leased()
    shell.feed(dialogue.DeploymentsRun(("door",)))
    load = shell.ask(HOST, BESIDE[1])
    shell.feed(dialogue.DeploymentsRun(("door", "yard")))
    shell.work()
    assert names_in(shell.answers[HOST, load]) == ["door", "yard"]
    shell.feed(dialogue.DeploymentsRun(()))
    footprint, stats = shell.ask(HOST, BESIDE[2]), shell.ask(HOST, Stats())
    shell.work()
    shell.work()
    assert names_in(shell.answers[HOST, footprint]) is None
    assert names_in(shell.answers[HOST, stats]) == ["door", "yard"]


@pytest.mark.parametrize(
    "message",
    [Begin(), Steer((DIGEST,)), Report({}, (), 0, 0, (), finished=False)],
    ids=lambda message: message.kind.name,
)
def test_what_server_and_worker_say_to_each_other_is_not_for_hosts(message: Message) -> None:
    shell = leased()
    for peer in (HOST, OTHER):
        answer = shell.answer(peer, message)
        assert code_of(answer) == "bad_message"
        assert "not for a target to receive" in str(problem_of(answer))
