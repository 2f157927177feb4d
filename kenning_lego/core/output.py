"""What a verb tells, and to whom: people, programs that read JSON, or nobody but of results.

A verb tells lines, names the files that it wrote, and gives figures; which of that is printed, and
where, is decided here alone. :func:`opened` is entered once, by :mod:`kenning_lego.core.entry`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

FLAGS = {
    "--quiet": "print only paths of results, and errors (-q)",
    "--json": "one JSON document; the rest goes to standard error",
    "--debug": "show an error's traceback (KENNING_LEGO_DEBUG=1)",
}
"""That every verb takes, and what they do."""

ASKED = ("-h", "--help", "--help-all")
"""How help is asked for."""

_ITEMS = object()

OnProgress = Callable[[int, int, str], None]
"""Told what is done, of how much (0 if that is not known), and a word for people."""

OnWait = Callable[[str], AbstractContextManager[object]]
"""Shows something that takes long, and of which nobody knows how far it is."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How to tell.

    Args:
        quiet: only paths of results, and errors.
        json: one JSON document on standard output; what is for people goes to standard error.
        debug: the traceback of an error as well.
    """

    quiet: bool = False
    json: bool = False
    debug: bool = False


@dataclass
class Output:
    """What one run of a verb tells.

    Attributes:
        mode: how.
        answered: the document that was asked for; None if the verb works on files instead.
        on_progress: shows the step that runs; None outside of steps.
        on_wait: shows, while it is entered, what is waited for.
    """

    mode: Mode = Mode()
    answered: Any = None
    on_progress: OnProgress | None = None
    on_wait: OnWait = nullcontext
    _paths: dict[str, list[str]] = field(default_factory=dict)
    _figures: dict[str, Any] = field(default_factory=dict)

    @property
    def for_people(self) -> bool:
        """Whether anything is told to people."""
        return not self.mode.quiet

    @property
    def people(self) -> TextIO:
        """Where people read; not to be written to if nothing is :attr:`for_people`."""
        return sys.stderr if self.mode.json else sys.stdout

    def tell(self, *lines: str) -> None:
        """Lines for people."""
        if self.for_people and lines:
            print(*lines, sep="\n", file=self.people, flush=True)

    def give(self, text: str) -> None:
        """Text that was asked for: it is printed by a quiet verb too."""
        if not self.mode.json:
            print(text)

    def wrote(self, kind: str, path: Path | str) -> None:
        """A result was written to a file or directory.

        Args:
            kind: of result, such as ``record`` or ``report``.
            path: where it is.
        """
        self._paths.setdefault(kind, []).append(str(path))
        if not self.mode.quiet:
            self.tell(f"{kind} {path}")
        elif not self.mode.json:
            print(path, flush=True)

    def figures(self, **named: Any) -> None:
        """What a program wants to know without opening the results; JSON values."""
        self._figures.update(named)

    def answer(self, document: Any) -> None:
        """The document that programs asked for: it is printed as it is."""
        self.answered = document

    @contextmanager
    def progress_to(self, on_progress: OnProgress) -> Iterator[None]:
        """Let what is deep inside a step, such as a download, tell how far it is."""
        before, self.on_progress = self.on_progress, on_progress
        try:
            yield
        finally:
            self.on_progress = before

    def item(self, document: Any) -> None:
        """One of many documents, each a line of JSON of its own, as it comes."""
        import json

        self.answered = _ITEMS
        print(json.dumps(document, ensure_ascii=False, allow_nan=False), flush=True)

    def finish(self, exit_code: int, error: Mapping[str, str] | None = None) -> None:
        """Print what programs read, if they do."""
        if not self.mode.json:
            return
        import json  # serving needs none

        document = self.answered
        if document is _ITEMS and error is None:
            return
        if document is None:
            document = {"exit_code": exit_code, "paths": self._paths, "figures": self._figures}
        if error is not None:
            document = {"exit_code": exit_code, "error": error, "paths": self._paths}
        print(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False), flush=True)


_current: ContextVar[Output | None] = ContextVar("output", default=None)
# What is deep inside a verb tells too, such as a download's bar; from Python there is no verb.


def current() -> Output:
    """The output of the verb that runs; from Python, one that tells people."""
    return _current.get() or Output()


@contextmanager
def opened(mode: Mode) -> Iterator[Output]:
    """The output of one verb."""
    output = Output(mode)
    token = _current.set(output)
    try:
        yield output
    finally:
        _current.reset(token)
