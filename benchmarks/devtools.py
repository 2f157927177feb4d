"""The DevTools protocol of Chromium over a pair of pipes: commands, their answers, and events.

Messages are JSON and end with a zero byte; ``--remote-debugging-pipe`` in Chromium's source. That
needs no port and no package. Commands: https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import select
import time
from dataclasses import dataclass, field
from typing import Any

_LIMIT_S = 60.0
_PIECE = 1 << 16


class DevToolsError(Exception):
    """A command failed, or no answer came."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the browser told by itself."""

    session: str
    method: str
    parameters: dict[str, Any]


@dataclass(slots=True)
class DevTools:
    """One end of a conversation; the other is the browser.

    Args:
        writing: descriptor of the pipe to the browser.
        reading: descriptor of the pipe from the browser.
        events: that came and were not yet taken, in order.
    """

    writing: int
    reading: int
    events: list[Event] = field(default_factory=list)
    _number: int = 0
    _rest: bytes = b""

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            DevToolsError: the browser refuses it, is gone, or is silent for a minute.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._send(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + _LIMIT_S
        while True:
            answer = self._receive(method, end)
            if answer.get("id") == self._number:
                break
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error'].get('message')}")
        result: dict[str, Any] = answer["result"]
        return result

    def wait(self, method: str, session: str) -> Event:
        """The next event of that name, taken from those that came; others stay.

        Raises:
            DevToolsError: the browser is gone, or it did not come within a minute.
        """
        end = time.monotonic() + _LIMIT_S
        while True:
            for number, event in enumerate(self.events):
                if (event.session, event.method) == (session, method):
                    return self.events.pop(number)
            self._receive(method, end)

    def take(self, session: str) -> list[Event]:
        """All events of a session that came, which are then forgotten."""
        taken = [event for event in self.events if event.session == session]
        self.events = [event for event in self.events if event.session != session]
        return taken

    def close(self) -> None:
        """Close both pipes."""
        os.close(self.writing)
        os.close(self.reading)

    def _send(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.writing, data) :]
        except BrokenPipeError as error:
            raise DevToolsError("the browser is gone") from error

    def _receive(self, awaited: str, end: float) -> dict[str, Any]:
        """The next message; an event is kept as well."""
        pieces = [self._rest]
        while b"\0" not in pieces[-1]:
            if not select.select([self.reading], [], [], max(end - time.monotonic(), 0.0))[0]:
                self._rest = b"".join(pieces)
                raise DevToolsError(f"{awaited}: no answer within {_LIMIT_S:g} s")
            piece = os.read(self.reading, _PIECE)
            if not piece:
                raise DevToolsError(f"{awaited}: the browser is gone")
            pieces.append(piece)
        message, self._rest = b"".join(pieces).split(b"\0", 1)
        content: dict[str, Any] = json.loads(message)
        if "method" in content:
            parameters = content.get("params", {})
            event = Event(content.get("sessionId", ""), content["method"], parameters)
            self.events.append(event)
        return content
