"""How every scenario starts and ends: arguments in, exit code out, errors as one line."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.output import FLAGS, Mode, Output, opened
from kenning_lego.core.terminals import write_what_can_be_shown

Main = Callable[[Sequence[str]], int]
FAILED = 1
INTERRUPTED = 130
TERMINATED = 143
DEBUG = "KENNING_LEGO_DEBUG"
"""Environment variable: anything but nothing or 0 is ``--debug``."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came: what Ctrl-C would undo is undone."""


def run(main: Main, arguments: Sequence[str] | None = None) -> int:
    """Run a scenario.

    Returns:
        Its exit code: 0 done, 1 failed once something ran, 2 rejected before anything ran,
        3 done with a bad verdict, 130 interrupted, 143 terminated.
    """
    mode, own = split_output_flags(sys.argv[1:] if arguments is None else arguments)
    write_what_can_be_shown()
    with opened(mode) as output, _ended_by_sigterm():
        try:
            code = _guarded(main, own, output)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read our output has seen enough.
            return _without_output(FAILED)
        except OSError as error:
            _say(f"error: cannot write the output: {error.strerror} (write it elsewhere)")
            return _without_output(FAILED)
    return code


def split_output_flags(arguments: Sequence[str]) -> tuple[Mode, list[str]]:
    """How to tell, and the scenario's own arguments; what follows ``--`` is another command's."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    names = {"-q": "--quiet"}
    asked = {names.get(each, each) for each in arguments[:end]} & FLAGS.keys()
    left = [each for each in arguments[:end] if names.get(each, each) not in asked]
    debug = "--debug" in asked or os.environ.get(DEBUG, "0") not in ("", "0")
    return Mode("--quiet" in asked, "--json" in asked, debug), [*left, *arguments[end:]]


def _guarded(main: Main, arguments: Sequence[str], output: Output) -> int:
    """Run it; a failure that a user can act upon is told, and gives its code."""
    try:
        code = main(arguments)
    except KenningLegoError as error:
        return _failed(output, error, str(error), error.exit_code)
    except Terminated as error:
        return _failed(output, error, "terminated: finished steps are kept", TERMINATED)
    except KeyboardInterrupt as error:
        return _failed(output, error, "interrupted: finished steps are kept", INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _failed(output, error, _of_the_system(error), FAILED)
    except SystemExit:  # --help
        if output.answered is not None:
            output.finish(0)
        raise
    output.finish(code)
    return code


def _failed(output: Output, error: BaseException, told: str, code: int) -> int:
    if output.mode.debug:
        import traceback

        traceback.print_exception(error)
    _say(told if isinstance(error, KeyboardInterrupt) else f"error: {told}")
    problem = error.problem if isinstance(error, KenningLegoError) else told
    remedy = error.remedy if isinstance(error, KenningLegoError) else ""
    output.finish(code, {"problem": problem, "remedy": remedy, "kind": type(error).__name__})
    return code


def _of_the_system(error: OSError) -> str:
    """An error of the system that nobody expected where it happened."""
    where = f"{error.filename}: " if error.filename else ""
    what = error.strerror or str(error)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{where}{what} (free some space and run it again)"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{where}{what} (change its permissions, or name another place)"
        case _:
            return f"{where}{what} (--debug shows where it happened)"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _without_output(code: int) -> int:
    """Keep Python from complaining at exit of what it could not write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let a polite kill undo what is half done, as Ctrl-C does."""

    def terminate(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, terminate) or signal.SIG_DFL
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
