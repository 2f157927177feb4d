"""A host's view of the deployments of a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kenning_lego.core.bounds import NO_BOUNDS, Bounds
from kenning_lego.core.deployment_records import DeploymentRecord, DeploymentStatus
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import UsageError
from kenning_lego.core.plans import Observation
from kenning_lego.core.switching import Switched
from kenning_lego.protocols.deployment_messages import (
    MAX_FRAMES_AT_ONCE,
    AskRecord,
    Deploy,
    ForceConfiguration,
    SetBounds,
    Unload,
)
from kenning_lego.protocols.deployment_results import read_record
from kenning_lego.protocols.host_session import Answered
from kenning_lego.protocols.live_results import read_switched
from kenning_lego.protocols.messages import Message

Ask = Callable[[Message], Answered]


class Deployments:
    """The pipelines that a target owns; only :meth:`deploy` takes the lease.

    All methods raise :class:`~kenning_lego.core.errors.TargetError`.

    Args:
        ask: sends a request and waits for its answer.
        observe: tells what the target is doing.
        ensure_lease: takes the lease unless it is held.
    """

    def __init__(
        self, ask: Ask, observe: Callable[[], Observation], ensure_lease: Callable[[], None]
    ) -> None:
        self._ask = ask
        self._observe = observe
        self._ensure_lease = ensure_lease

    def deploy(self, deployment: Deployment) -> None:
        """Have the target own a pipeline, whose artifacts it holds; returns once it runs.

        One of the same name is replaced once the new one is loaded; it runs on if that fails.

        Raises:
            UsageError: the deployment does not fit together.
        """
        problem = deployment.problem()
        if problem:
            raise UsageError(f"cannot deploy {deployment.name!r}: {problem}", "correct that")
        self._ensure_lease()
        self._ask(Deploy(deployment))

    def unload(self, name: str) -> None:
        """Stop a deployment; the target forgets it and its record."""
        self._ask(Unload(name))

    def set_bounds(self, name: str, bounds: Bounds) -> None:
        """What a deployment may take from now on, as far as hosts say.

        What others say on the target holds as well: the tightest of all does.
        """
        self._ask(SetBounds(name, bounds))

    def set_shared_memory(self, memory_bytes: int | None) -> None:
        """What all deployments may take together, as far as hosts say; None for any amount."""
        bounds = NO_BOUNDS if memory_bytes is None else Bounds(memory_bytes=memory_bytes)
        self._ask(SetBounds("", bounds))

    def force(
        self,
        name: str,
        stages: Sequence[str],
        *,
        fused_from: Sequence[str] = (),
        may_pause: bool = False,
    ) -> Switched:
        """Have a deployment go over to a configuration of ours.

        A mix of variants ends the adaptation until it is deployed again; what was fused from the
        configuration that runs takes its place until the target chooses another one.

        Args:
            name: of the deployment.
            stages: sha256 of the artifacts in order.
            fused_from: the configuration that was fused; empty for a mix of variants.
            may_pause: frames may wait if the memory allows no other way.
        """
        request = ForceConfiguration(name, tuple(stages), tuple(fused_from), may_pause)
        return read_switched(self._ask(request).result)

    def list(self) -> tuple[DeploymentStatus, ...]:
        """How all of them are just now."""
        return self._observe().deployments

    def record(
        self,
        name: str,
        since_frame: int = 0,
        since_event: int = 0,
        *,
        frames: int = MAX_FRAMES_AT_ONCE,
        outputs: bool = False,
    ) -> DeploymentRecord:
        """What a deployment did and what was decided about it.

        Args:
            name: of the deployment.
            since_frame: the first frame that is wanted.
            since_event: the first event that is wanted.
            frames: how many frames at most; what follows is asked for with `next_frame`.
            outputs: also the outputs of these frames, as far as they are kept.
        """
        answer = self._ask(AskRecord(name, since_frame, since_event, frames, outputs))
        return read_record(answer.result, answer.payload)
