"""OpenVINO without its usage statistics.

Importing it, or NNCF, starts a process that sends an event to its makers' analytics, unless the
package `openvino_telemetry` is missing, for which both are prepared. A benchmark must not do that:
not unasked, and not beside what it measures.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Literal

_TELEMETRY = "openvino_telemetry"


def import_openvino(name: Literal["openvino", "nncf"] = "openvino") -> Any:
    """The module, imported as if the package that sends the statistics were not installed.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    modules: dict[str, Any] = sys.modules
    if name in modules:
        return modules[name]
    before = modules.get(_TELEMETRY)
    modules[_TELEMETRY] = None
    try:
        return importlib.import_module(name)
    finally:
        if before is None:
            del modules[_TELEMETRY]
        else:
            modules[_TELEMETRY] = before
