"""Benchmark networks block by block on their target; pick the best configuration for a budget.

What is named here is imported when it is used: a target loads nothing that only a host needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kenning_lego.core.bounds import Bounds as Bounds
    from kenning_lego.core.opening import open_record as open_record
    from kenning_lego.protocols.client import connect as connect
    from kenning_lego.scenarios.keeping.results import results as results
    from kenning_lego.scenarios.online.deploying import deploy as deploy
    from kenning_lego.scenarios.online.deploying import pipeline as pipeline
    from kenning_lego.scenarios.online.tested import open_tested as open_tested
    from kenning_lego.scenarios.tester.from_python import test as test
    from kenning_lego.selection.front import pareto_front as pareto_front
    from kenning_lego.selection.problem import Budget as Budget
    from kenning_lego.selection.select import select as select

__version__ = "0.1.0"

_PUBLIC = {
    "Bounds": "kenning_lego.core.bounds",
    "Budget": "kenning_lego.selection.problem",
    "connect": "kenning_lego.protocols.client",
    "deploy": "kenning_lego.scenarios.online.deploying",
    "open_record": "kenning_lego.core.opening",
    "open_tested": "kenning_lego.scenarios.online.tested",
    "pareto_front": "kenning_lego.selection.front",
    "pipeline": "kenning_lego.scenarios.online.deploying",
    "results": "kenning_lego.scenarios.keeping.results",
    "select": "kenning_lego.selection.select",
    "test": "kenning_lego.scenarios.tester.from_python",
}
"""Where each public name lives."""


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'kenning_lego' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
