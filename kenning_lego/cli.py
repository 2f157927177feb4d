"""The command ``kenning-lego VERB``: each verb is a scenario module, imported when asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import cast

from kenning_lego import __version__
from kenning_lego.core.entry import Main, run
from kenning_lego.core.errors import UnknownNameError

_GROUPS = {
    "on the edge device": {
        "serve": ("inference_server", "start the inference server on the edge device"),
    },
    "on the host": {
        "test": ("inference_tester", "cut, compile, ship, benchmark, choose and verify"),
        "train": ("model_training", "train a network, and keep its best weights"),
        "baseline": ("inference_performance", "measure a network on this host, for reference"),
        "optimize": ("optimisation", "search compilers, precisions, ratios and engines"),
        "convert": ("onnx_conversion", "say which networks convert to which frameworks"),
        "blocks": ("block_scaling", "make a network's blocks without a target, or show them"),
        "run": ("pipeline", "run a tested network on the target, on frames of its own"),
        "adapt": ("adaptation", "the same, adapted by the target while budgets change"),
        "load": ("load_test", "send queries to a model on the target, as LoadGen would"),
        "select": ("selection", "choose configurations for budgets from a test's results"),
        "export": ("export", "write a configuration as one file for an application of your own"),
        "demo": ("demo", "the whole line on this machine, with real data"),
    },
    "look and write": {
        "report": ("render_report", "render a run's record as a page"),
        "compare": ("compare", "whether one run is slower than another, and how sure that is"),
        "list": ("components", "networks, datasets, compilers, engines: what is here"),
        "info": ("info", "what a verb or a component is, its parameters and their defaults"),
        "init": ("init", "write a commented scenario, or one from a Kenning scenario"),
    },
    "for operators": {
        "deploy": ("deploy", "put the target's part on a board over ssh, with keys and a service"),
        "keys": ("keys", "make, show and authorise the keys of hosts and targets"),
        "doctor": ("doctor", "say what was found on this machine and what to improve"),
        "tune": ("tune", "set governors and power mode for a measurement, and put them back"),
        "selftest": ("selftest", "test the server on this machine and pack the evidence"),
    },
}
VERBS = {verb: row for group in _GROUPS.values() for verb, row in group.items()}
"""Module below ``kenning_lego.scenarios`` and purpose, by verb."""


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
    ]
    for title, verbs in _GROUPS.items():
        lines += [title, *(f"  {verb:<10}{text}" for verb, (_, text) in verbs.items())]
    lines.append("kenning-lego VERB --help says more; python -m kenning_lego.scenarios.MODULE too.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
