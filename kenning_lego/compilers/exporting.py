"""What exporters have in common: chatter that is kept away, and failures that name their cause."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import CompilationError


@contextlib.contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """Keep a converter's chatter away; what matters comes as an exception.

    Args:
        loggers: that are to tell of errors only; an empty name is the root.
    """
    several = [logging.getLogger(name) for name in loggers]
    levels = [logger.level for logger in several]
    for logger in several:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), _redirected():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(several, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _redirected() -> Iterator[None]:
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


def failure(source: CompileSource, exporter: str, error: Exception) -> CompilationError:
    """What to raise for an exporter's error: the reason is the innermost cause's first line."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    return CompilationError(
        f"{source} cannot be converted by {exporter}: {first_line(error)}",
        "keep the operation in a fixed segment, or take another compiler for it",
    )


def first_line(error: Exception) -> str:
    """What an error says first, or its kind if it says nothing; 300 characters at most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}"[:300] if lines else type(error).__name__
