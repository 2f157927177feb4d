"""How our own modules are started as processes, without a chance for others of the same name.

``python -m`` looks into the current directory first: a ``numpy.py`` that lies where somebody
started the server must not run. So children start in ``/``, where no modules lie.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import kenning_lego


def child_environment() -> dict[str, str]:
    """Our environment, in which a child finds this very package first."""
    here = str(Path(kenning_lego.__file__).resolve().parent.parent)
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{path}" if path else here}


def how_it_ended(code: int) -> str:
    """The end of a process, for people, by the code that subprocess gives."""
    if code >= 0:
        return f"exit code {code}"
    name = str(-code)
    with contextlib.suppress(ValueError):
        name = signal.Signals(-code).name
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"killed by {name}{hint}"
