"""Looking at a target again and again, also after it was gone; nothing there is changed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import TracebackType

from kenning_lego.core.deployment_records import DeploymentStatus
from kenning_lego.core.errors import RemoteError, TargetError, TargetUnreachableError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.scenarios.watcher.seen import KEPT_FRAMES, Memory, Sight, machine_in_words

PATIENCE_S = 5.0
"""How long an answer may take before the target counts as gone."""

_PARTS = 4
"""Of a record in one look: what follows is for the next one."""


class Looker:
    """Looks at a target, and reaches it again if it was gone.

    Args:
        address: of the target.
        connect: reaches and greets it.
    """

    def __init__(self, address: str, connect: Callable[[], TargetClient]) -> None:
        self._address = address
        self._connect = connect
        self._client: TargetClient | None = None
        self._memory = Memory()
        self._machine = ""
        self._gone_since: float | None = None

    def open(self) -> None:
        """Reach the target for the first time.

        Raises:
            KenningLegoError: it cannot be reached; an address or key is wrong.
        """
        self._client = self._connect()
        description = self._client.describe()
        self._memory.forget()
        self._machine = machine_in_words(description.facts, description.engines)

    def look(self) -> Sight:
        """One look; a target that is gone is told of, and reached again if it is back."""
        now = time.time()
        try:
            if self._client is None:
                self.open()
            if self._client is not None:
                return self._seen(self._client, now)
        except (TargetError, TargetUnreachableError) as error:
            self.close()
            self._gone_since = self._gone_since or now
            return Sight(self._address, now, self._machine, trouble=error.problem)
        return Sight(self._address, now, self._machine, trouble="not connected")

    def _seen(self, client: TargetClient, now: float) -> Sight:
        observation = client.observe(PATIENCE_S)
        gone_since, self._gone_since = self._gone_since, None
        for status in observation.deployments:
            self._follow(client, status)
        return Sight(
            self._address,
            now,
            self._machine,
            gone_s=None if gone_since is None else now - gone_since,
            observation=observation,
            left=self._memory.left(observation, time.monotonic()),
            pipelines=tuple(map(self._memory.pipeline, observation.deployments)),
        )

    def _follow(self, client: TargetClient, status: DeploymentStatus) -> None:
        for _ in range(_PARTS):
            since = self._memory.cursor(status)
            try:
                part = client.deployments.record(status.name, since, 2**53, frames=KEPT_FRAMES)
            except RemoteError:
                return  # it was stopped since
            self._memory.take(status.name, part.frames, part.next_frame)
            if len(part.frames) < KEPT_FRAMES:
                return

    def close(self) -> None:
        """Let the target go."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(TargetError):
                client.close()

    def __enter__(self) -> Looker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
