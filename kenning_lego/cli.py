"""The command ``kenning-lego VERB``: each verb is a scenario module, imported when asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import cast

from kenning_lego import __version__
from kenning_lego.core.entry import Main, run
from kenning_lego.core.errors import UnknownNameError

VERBS = {
    "serve": ("inference_server", "start the inference server on the edge device"),
    "test": ("inference_tester", "cut, compile, ship, benchmark, choose and verify"),
    "train": ("model_training", "train a network, and keep its best weights"),
    "baseline": ("inference_performance", "measure a network on this host, for reference"),
    "optimize": ("optimisation", "search compilers, precisions, ratios and engines"),
    "blocks": ("block_scaling", "make a network's blocks without a target, or show them"),
    "run": ("pipeline", "run a tested network on the target, on frames of its own"),
    "adapt": ("adaptation", "the same, adapted by the target while budgets change"),
    "load": ("load_test", "send queries to a model on the target, as LoadGen would"),
    "select": ("selection", "choose configurations for budgets from what a test has found out"),
    "export": ("export", "write a configuration as one file for an application of your own"),
    "convert": ("onnx_conversion", "say which networks convert to which frameworks"),
    "report": ("render_report", "render a run's record as a page"),
    "compare": ("compare", "whether one run is slower than another, and how sure that is"),
    "deploy": ("deploy", "put the target's part on a board over ssh, with keys and a service"),
    "keys": ("keys", "make, show and authorise the keys of hosts and targets"),
    "doctor": ("doctor", "say what was found on this machine and what to improve"),
    "tune": ("tune", "set governors and power mode for a measurement, and put them back"),
    "selftest": ("selftest", "test the server on this machine and pack the evidence"),
    "demo": ("demo", "all of that on this machine, with real data"),
}


def main() -> int:
    """Entry point of the command."""
    return run(dispatch)


def dispatch(arguments: Sequence[str]) -> int:
    """Run the verb that the first argument names.

    Raises:
        UnknownNameError: there is no such verb.
    """
    verb, *rest = arguments or ["--help"]
    if verb in ("-h", "--help"):
        print(_help())
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
        "Benchmark networks block by block on their target, and pick the best configuration.",
        "",
        *(f"  {verb:<10}{text}" for verb, (_, text) in VERBS.items()),
        "",
        "kenning-lego VERB --help says more; every verb is also",
        "python -m kenning_lego.scenarios.MODULE.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
