"""The command ``kenning-lego VERB``: each verb is a scenario module, imported when asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import cast

from kenning_lego import __version__
from kenning_lego.core.entry import Main, run
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.output import ASKED, current
from kenning_lego.scenarios.verbs import GROUPS, VERBS


def main() -> int:
    """Entry point of the command."""
    return run(dispatch)


def dispatch(arguments: Sequence[str]) -> int:
    """Run the verb that the first argument names.

    Raises:
        UnknownNameError: there is no such verb.
    """
    verb, *rest = arguments or ["--help"]
    if verb in ASKED:
        current().give(_help())
        return 0
    if verb in ("-V", "--version"):
        print(f"kenning-lego {__version__}")
        return 0
    if verb not in VERBS:
        raise UnknownNameError("verb", verb, VERBS, "kenning-lego --help lists them")
    module = importlib.import_module(f"kenning_lego.scenarios.{VERBS[verb][0]}")
    return cast(Main, module.main)(rest)


def _help() -> str:
    lines = [
        "usage: kenning-lego VERB [...]",
        "",
        "Benchmark networks block by block on their target; pick the best configuration.",
    ]
    for title, verbs in GROUPS.items():
        lines += [title, *(f"  {verb:<12}{text}" for verb, (_, text) in verbs.items())]
    lines.append("kenning-lego VERB --help says more.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
