"""A request whose answer is awaited later, while others are asked and answered."""

from __future__ import annotations

from collections.abc import Callable

from kenning_lego.core.switching import Switched
from kenning_lego.protocols.host_session import Answered, Refused
from kenning_lego.protocols.live_results import read_switched


class Late:
    """Answers that come while others are waited for."""

    def __init__(self) -> None:
        self._answers: dict[int, Answered | Refused | None] = {}

    def expect(self, request: int) -> None:
        """Keep this one's answer."""
        self._answers[request] = None

    def note(self, answer: Answered | Refused) -> None:
        """An answer came; it is dropped if nobody expects it any more."""
        if answer.id in self._answers:
            self._answers[answer.id] = answer

    def has(self, request: int) -> bool:
        """Whether this one's answer came."""
        return self._answers.get(request) is not None

    def take(self, request: int) -> Answered | Refused | None:
        """This one's answer, if it came; it is expected no more."""
        return self._answers.pop(request, None)


class PendingSwitch:
    """A SWITCH on its way; see :meth:`.client.TargetClient.begin_switch`.

    Args:
        came: whether its answer has come; never waits.
        settle: waits for its answer.
    """

    def __init__(self, came: Callable[[], bool], settle: Callable[[], Answered | Refused]) -> None:
        self._came = came
        self._settle = settle
        self._answer: Answered | Refused | None = None

    def done(self) -> bool:
        """Whether the target has answered, so that :meth:`result` does not wait."""
        return self._answer is not None or self._came()

    def result(self) -> Switched:
        """Wait until the configuration will run the next frame; to be called once.

        Raises:
            RemoteError: it will not, and the one before runs on.
        """
        self._answer = self._settle()
        if isinstance(self._answer, Refused):
            raise self._answer.error
        return read_switched(self._answer.result)
