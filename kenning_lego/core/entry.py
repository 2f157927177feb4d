"""How every scenario starts and ends: arguments in, exit code out, errors as one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from kenning_lego.core.errors import KenningLegoError

Main = Callable[[Sequence[str]], int]
INTERRUPTED = 130


def run(main: Main, arguments: Sequence[str] | None = None) -> int:
    """Run a scenario.

    Returns:
        Its exit code: 0 done, 1 failed once something ran, 2 rejected before anything ran,
        3 done with a bad verdict, 130 interrupted.
    """
    try:
        return main(sys.argv[1:] if arguments is None else arguments)
    except KenningLegoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted: finished steps are kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
