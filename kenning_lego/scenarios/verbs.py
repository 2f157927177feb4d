"""The verbs of the command; importing this imports none of them."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
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
        "results": ("results", "list, tag, export and prune what runs left in workspaces"),
        "list": ("components", "networks, datasets, compilers, engines: what is here"),
        "info": ("info", "what a verb or a component is, its parameters and their defaults"),
        "init": ("init", "write a commented scenario, or one from a Kenning scenario"),
    },
    "in the terminal": {
        "completion": ("completion", "print a script that completes commands in your shell"),
        "watch": ("watch", "look on at what a target does: lease, plan, pipelines, sensors"),
    },
    "for operators": {
        "deploy": ("deploy", "put the target's part on a board over ssh, with keys and a service"),
        "keys": ("keys", "make, show and authorise the keys of hosts and targets"),
        "doctor": ("doctor", "say what was found on this machine and what to improve"),
        "tune": ("tune", "set governors and power mode for a measurement, and put them back"),
        "selftest": ("selftest", "test the server on this machine and pack the evidence"),
    },
}
"""Module below ``kenning_lego.scenarios`` and purpose, by verb, in the groups of the help."""

VERBS: Mapping[str, tuple[str, str]] = {
    verb: row for group in GROUPS.values() for verb, row in group.items()
}
"""The same without the groups."""
