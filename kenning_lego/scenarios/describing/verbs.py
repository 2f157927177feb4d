"""Which configuration each verb takes, and what a new scenario of it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from kenning_lego.core.configuration import Component
from kenning_lego.core.lookup import find_callable


@dataclass(frozen=True, slots=True)
class Described:
    """A verb's configuration.

    Args:
        path: of the model, below ``kenning_lego.scenarios``.
        command: that takes it, after ``kenning-lego``.
        start: what a new scenario file sets beside the defaults; None if the verb reads no file.
        usual: what people set, by dotted names; all else is written only when asked for. Empty
            means everything.
    """

    path: str
    command: str
    start: Mapping[str, Any] | None = None
    usual: tuple[str, ...] = field(default=())

    @property
    def model(self) -> type[Component]:
        """The configuration."""
        return cast("type[Component]", find_callable(f"kenning_lego.scenarios.{self.path}"))

    def beginning(self) -> Component:
        """What a new scenario file says."""
        return self.model.model_validate(self.start or {})


_WORKSPACE = "workspaces/mine"
_DATA = (
    "workspace",
    "model.name",
    "model.checkpoint",
    "dataset.type",
    "dataset.root",
    "metric",
)
_NETWORK = (
    *_DATA,
    "training.epochs",
    "blocks.count",
    "blocks.ratios",
    "blocks.variants",
    "retraining.epochs",
)
_TARGET = (
    "target.address",
    "target.key",
    "target.server_key",
    "target.runtime",
    "target.threads",
    "target.options",
)
_PRECISION = ("measurement.max_seconds", "measurement.relative_half_width")
_PIPELINE = (
    "workspace",
    "configuration",
    "latency_ms",
    "memory_mb",
    "rate",
    "frames.type",
    "seconds",
    "detach",
)

VERBS: Mapping[str, Described] = {
    "serve": Described(
        "inference_server:ServeConfig",
        "serve",
        {},
        ("address", "key", "store", "store_mb", "telemetry_interval", "video", "kenning_tcp"),
    ),
    "test": Described(
        "tester.configuration:InferenceTestConfig",
        "test",
        {"workspace": _WORKSPACE},
        (
            *_NETWORK,
            "compiler.type",
            "compiler.precision",
            *_TARGET,
            *_PRECISION,
            "budgets",
            "strict",
        ),
    ),
    "train": Described(
        "trainer.configuration:TrainConfig",
        "train",
        {"workspace": _WORKSPACE},
        (*_DATA, "training.epochs", "training.learning_rate", "training.batch_size", "output"),
    ),
    "baseline": Described(
        "baseline.configuration:BaselineConfig",
        "baseline",
        {"workspace": _WORKSPACE},
        (*_DATA, "compilers", "runtimes", "threads", *_PRECISION),
    ),
    "optimize": Described(
        "optimiser.configuration:OptimisationConfig",
        "optimize",
        {"workspace": _WORKSPACE},
        (
            *_NETWORK,
            "compilers",
            "runtimes",
            *_TARGET,
            *_PRECISION,
            "samples",
            "limits.score",
            "limits.latency_ms",
            "limits.size_mb",
            "goal",
            "output",
        ),
    ),
    "blocks": Described(
        "offline.configuration:OfflineConfig", "blocks make", {"workspace": _WORKSPACE}, _NETWORK
    ),
    "run": Described(
        "online.configuration:RunConfig",
        "run",
        {"workspace": _WORKSPACE, "configuration": "original"},
        (*_PIPELINE, *_TARGET),
    ),
    "adapt": Described(
        "online.configuration:AdaptConfig",
        "adapt",
        {"workspaces": [_WORKSPACE]},
        ("workspaces", "trace", "shared_memory_mb", "rate", "seconds", "detach", *_TARGET),
    ),
    "load": Described(
        "load_test:LoadTestConfig",
        "load",
        {"model": "network.onnx"},
        ("model", "output", "scenario", "rate", "min_seconds", "max_seconds", *_TARGET),
    ),
    "select": Described(
        "selecting.configuration:SelectConfig",
        "select",
        {"workspaces": [_WORKSPACE], "budgets": [{"latency_share": 0.6}]},
        ("workspaces", "budgets", "goal", "max_loss", "force", "forbid", "front", "output"),
    ),
    "export": Described(
        "exporting.configuration:ExportConfig",
        "export",
        {"workspace": _WORKSPACE, "configuration": "original"},
        ("workspace", "configuration", "latency_ms", "memory_mb", "output", "overwrite"),
    ),
    "convert": Described(
        "converting.configuration:ConvertConfig",
        "convert",
        {"workspace": _WORKSPACE},
        ("workspace", "models", "shape", "routes", "time_limit_s", "output"),
    ),
    "report": Described("rendering.configuration:ReportConfig", "report"),
    "results": Described("keeping.configuration:ListConfig", "results list"),
    "compare": Described("compare:CompareConfig", "compare"),
    "list": Described("components:ListConfig", "list"),
    "info": Described("info:InfoConfig", "info"),
    "init": Described("init:InitConfig", "init"),
    "deploy": Described("deploy:DeployConfig", "deploy"),
    "doctor": Described("doctor:DoctorConfig", "doctor"),
    "tune": Described("tune:TuneConfig", "tune"),
    "selftest": Described("selftest:SelftestConfig", "selftest"),
    "demo": Described("demo:DemoConfig", "demo"),
    "completion": Described("completion:CompletionConfig", "completion"),
    "watch": Described("watch:WatchTargetConfig", "watch"),
}
"""By verb; ``keys`` has actions alone, which have parameters of their own."""

ACTIONS: Mapping[str, Mapping[str, str]] = {
    "blocks": {"make": "offline.configuration:OfflineConfig", "show": "block_scaling:ShowConfig"},
    "keys": {
        "make": "keys:MakeConfig",
        "show": "keys:ShowConfig",
        "authorise": "keys:AuthoriseConfig",
        "revoke": "keys:RevokeConfig",
        "list": "keys:KeysConfig",
    },
    "results": {
        "list": "keeping.configuration:ListConfig",
        "show": "keeping.configuration:ShowConfig",
        "tag": "keeping.configuration:TagConfig",
        "note": "keeping.configuration:NoteConfig",
        "compare": "compare:CompareConfig",
        "export": "keeping.configuration:ExportConfig",
        "prune": "keeping.configuration:PruneConfig",
    },
}
"""The configuration of each action, below ``kenning_lego.scenarios``, by verb."""
