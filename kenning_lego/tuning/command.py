"""Running somebody's command while settings are changed."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from kenning_lego.core.errors import ConfigurationError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Ends what is under way by its own means: signals are noted, and passed on to a command."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._command: subprocess.Popen[bytes] | None = None

    def check(self) -> None:
        """Between steps.

        Raises:
            KeyboardInterrupt: one has arrived.
        """
        if self.received is not None:
            raise KeyboardInterrupt

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take signals meanwhile; must run in the main thread."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def run(self, command: Sequence[str]) -> int:
        """Run the command to its end, as the user who called sudo if that is how we are root.

        Returns:
            Its exit code; 128 and the signal's number if one ended it.

        Raises:
            ConfigurationError: it cannot be started.
        """
        self.check()
        try:
            with subprocess.Popen(command, **_as_caller()) as process:
                self._command = process
                if self.received is not None:  # it came just before there was whom to tell
                    process.send_signal(self.received)
                code = process.wait()
        except OSError as error:
            raise ConfigurationError(
                f"cannot run {command[0]!r}: {error.strerror}", "check its name and permissions"
            ) from error
        return code if code >= 0 else 128 - code

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        # From the keyboard, the command has had it already.
        if self._command is not None and not (number == signal.SIGINT and _at_the_keyboard()):
            self._command.send_signal(number)


def _at_the_keyboard() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def _as_caller() -> Mapping[str, Any]:
    """What makes a child of root's run as the user who called sudo."""
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() != 0 or not caller.isdigit() or caller == "0":
        return {}
    try:
        user = pwd.getpwuid(int(caller))
    except KeyError:
        return {}
    own = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
    return {
        "user": user.pw_uid,
        "group": user.pw_gid,
        "extra_groups": os.getgrouplist(user.pw_name, user.pw_gid),
        "env": {**os.environ, **own},
    }
