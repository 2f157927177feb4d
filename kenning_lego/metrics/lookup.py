"""Find a metric by short name or dotted path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.lookup import announced, call, find_callable
from kenning_lego.metrics.base import Metric

GROUP = "kenning_lego.metrics"
"""Entry points by which other packages announce metrics."""

_HERE = "kenning_lego.metrics"
_COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))

METRICS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "top1": (f"{_HERE}.classification:TopK", {"k": 1}),
    "top5": (f"{_HERE}.classification:TopK", {"k": 5}),
    "precision": (f"{_HERE}.by_class:MeanPrecision", {}),
    "sensitivity": (f"{_HERE}.by_class:MeanSensitivity", {}),
    "gmean": (f"{_HERE}.by_class:GMean", {}),
    "f1": (f"{_HERE}.by_class:F1", {}),
    "roc_auc": (f"{_HERE}.by_class:RocAuc", {}),
    "miou": (f"{_HERE}.segmentation:MeanIoU", {}),
    "map": (
        f"{_HERE}.detection:MeanAveragePrecision",
        {"thresholds": _COCO_THRESHOLDS, "points": 101},
    ),
    "map50": (f"{_HERE}.detection:MeanAveragePrecision", {}),
    "auc": (f"{_HERE}.anomaly:AreaUnderCurve", {}),
    "pck": (f"{_HERE}.pose:CorrectKeypoints", {}),
    "mae": (f"{_HERE}.regression:MeanAbsoluteError", {}),
    "rmse": (f"{_HERE}.regression:RootMeanSquareError", {}),
}
"""Short name to the callable that makes the metric, and that callable's arguments."""


def make_metric(name: str, **arguments: Any) -> Metric:
    """Make a metric.

    Args:
        name: a key of :data:`METRICS`, a name that an installed package announces, or
            ``package.module:callable``. The callable is called: name only what you trust.
        arguments: for the callable.

    Raises:
        UnknownNameError: there is no such metric.
        ConfigurationError: the callable does not take these arguments, or makes no metric.
    """
    path, defaults = _resolve(name)
    factory = find_callable(path)
    given = {**defaults, **arguments}
    metric = call(path, factory, given)
    if not isinstance(metric, Metric):
        raise ConfigurationError(
            f"{path} returned {type(metric).__name__}, not a {_HERE}.base.Metric",
            "name a callable that makes a metric",
        )
    return metric


def _resolve(name: str) -> tuple[str, Mapping[str, Any]]:
    if ":" in name:
        return name, {}
    if name in METRICS:
        return METRICS[name]
    others = announced(GROUP)
    if name in others:
        return others[name], {}
    raise UnknownNameError(
        "metric", name, [*METRICS, *others], "or name one of your own as package.module:callable"
    )
