"""Hosts' requests about deployments, carried out at the desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.deployment_messages import (
    AskRecord,
    Deploy,
    ForceConfiguration,
    SetBounds,
    Unload,
)
from kenning_lego.protocols.messages import Message, Ok
from kenning_lego.servers.deployments.desk import DeploymentDesk
from kenning_lego.servers.deployments.refusals import refusal

Answered = Callable[[Envelope], None]


def carry_out(desk: DeploymentDesk, request: Envelope, answered: Answered) -> None:
    """Carry a request out; `answered` is given its answer, at once or later."""

    def answer(message: Message, payload: Sequence[Frame] = ()) -> None:
        answered(Envelope(request.id, message, tuple(payload)))

    try:
        match request.message:
            case Deploy(deployment):
                desk.deploy(deployment, answer)
            case Unload(name):
                desk.unload(name)
                answer(Ok({}))
            case SetBounds(name, bounds):
                desk.set_bounds(name, bounds)
                answer(Ok({}))
            case AskRecord() as ask:
                result, payload = desk.record(ask)
                answer(Ok(result), payload)
            case ForceConfiguration() as force:
                desk.force(force, answer)
            case other:
                raise ProtocolError(f"{other.kind.name} is not about deployments")
    except KenningLegoError as error:
        answer(refusal(error))
