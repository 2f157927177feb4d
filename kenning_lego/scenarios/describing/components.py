"""The components that this installation has, by kind; no framework is imported to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Any

from pydantic import BaseModel

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.parameters import Parameter, alternatives, parameters_of, type_name
from kenning_lego.scenarios.describing.sources import (
    Argument,
    options_of,
    read_callable,
    summary_of,
)

_HOST = "host"


@dataclass(frozen=True, slots=True)
class Listed:
    """A component.

    Args:
        kind: a key of :data:`KINDS`.
        name: by which a scenario names it.
        summary: what it is.
        where: where a scenario names it.
        version: of the package that it needs most; empty if it needs none of its own.
        missing: a package that it needs and that is not installed; empty if all is there.
        extra: of kenning-lego, which brings that package.
        origin: the package that announces it; empty for ours.
        path: what that package names, package.module:name; empty for ours.
        parameters: of its configuration.
        arguments: instead, of a callable or an engine.
        model: its configuration, if it has one of its own.
    """

    kind: str
    name: str
    summary: str
    where: str
    version: str = ""
    missing: str = ""
    extra: str = ""
    origin: str = ""
    path: str = ""
    parameters: tuple[Parameter, ...] = ()
    arguments: tuple[Argument, ...] = ()
    model: type[BaseModel] | None = field(default=None, compare=False)

    @property
    def status(self) -> str:
        """Whether it can be used here, and what to do if it cannot."""
        if self.missing:
            extra = f": pip install 'kenning-lego[{self.extra}]'" if self.extra else ""
            return f"needs {self.missing}{extra}"
        return self.version

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind,
            "name": self.name,
            "summary": self.summary,
            "where": self.where,
            "installed": not self.missing,
            "version": self.version or None,
            "missing": self.missing or None,
            "extra": self.extra or None,
            "origin": self.origin or "kenning-lego",
        }


def networks() -> Iterator[Listed]:
    """Our networks."""
    from kenning_lego.models.lookup import GROUP, NETWORKS

    missing = _missing("torch")
    for name, (path, fixed) in NETWORKS.items():
        summary, free = _callable(path, fixed)
        yield Listed(
            "network", name, summary, "model.name", missing=missing, extra=_HOST, arguments=free
        )
    yield from _announced("network", GROUP, "model.name")


def datasets() -> Iterator[Listed]:
    """Datasets that a scenario can name."""
    from kenning_lego.datasets.configuration import GROUP, DatasetConfig

    yield from _told_by_type("dataset", DatasetConfig, "dataset.type")
    yield from _announced("dataset", GROUP, "dataset.type")


def frames() -> Iterator[Listed]:
    """Where pipelines' frames come from."""
    from kenning_lego.scenarios.online.frames import FramesConfig

    needs_opencv = {"images", "camera", "video"}
    missing = _missing("opencv-python-headless", "opencv-python")
    for each in _told_by_type("frames", FramesConfig, "frames.type"):
        if each.name in needs_opencv:
            yield replace(each, missing=missing, extra="camera")
        else:
            yield each


def compilers() -> Iterator[Listed]:
    """Compilers, with the packages that they need in the precision that is their default."""
    from kenning_lego.compilers.base import Compiler
    from kenning_lego.compilers.configuration import GROUP, CompilerConfig

    for listed in _told_by_type("compiler", CompilerConfig, "compiler.type"):
        model = listed.model
        if model is None or not issubclass(model, Compiler):
            continue
        try:
            first = next(iter(model().versions().items()))
            yield replace(listed, version=" ".join(first))
        except MissingDependencyError:
            missing = next(filter(None, map(_missing, model().packages())))
            yield replace(listed, missing=missing, extra=model.extra)
    yield from _announced("compiler", GROUP, "compiler.type")


def runtimes() -> Iterator[Listed]:
    """Engines of this machine; a target tells of its own (``kenning-lego doctor --target``)."""
    from kenning_lego.runtimes.lookup import engine_packages, installed_engines
    from kenning_lego.runtimes.options import OPTIONS
    from kenning_lego.runtimes.plugins import GROUP

    here = installed_engines()
    usual = {engine: package for package, engine in reversed(engine_packages().items())}
    extras = {"litert": "tflite"}
    for name, options in OPTIONS.items():
        summary = summary_of(options.__doc__ or "").removeprefix("Of ").rstrip(".")
        yield Listed(
            "runtime",
            name,
            f"The engine {summary}.",
            "target.runtime",
            version=here.get(name, ""),
            missing="" if name in here else usual[name],
            extra=extras.get(name, name),
            arguments=options_of(options),
        )
    yield from _announced("runtime", GROUP, "target.runtime")


def metrics() -> Iterator[Listed]:
    """Metrics of quality."""
    from kenning_lego.metrics.lookup import GROUP, METRICS

    for name, (path, fixed) in METRICS.items():
        summary, free = _callable(path, fixed)
        yield Listed("metric", name, summary, "metric", arguments=free)
    yield from _announced("metric", GROUP, "metric")


def makers() -> Iterator[Listed]:
    """Makers of blocks' variants."""
    from kenning_lego.blocks.configuration import BlocksConfig

    own = {each.name: each for each in parameters_of(BlocksConfig)}
    missing = _missing("torch-pruning")
    for name, path in MAKERS.items():
        found = read_callable(path)
        models = own[name].models if name in own else ()
        yield Listed(
            "variants",
            name,
            found.summary,
            "blocks.variants",
            missing=missing,
            extra=_HOST,
            parameters=parameters_of(models[0]) if models else (),
        )
    yield from _announced("variants", "kenning_lego.variants", "blocks.variants")


def executors() -> Iterator[Listed]:
    """Where variants are retrained."""
    for name, path in EXECUTORS.items():
        missing = _missing("joblib") if name == "processes" else ""
        summary = read_callable(path).summary
        yield Listed("executor", name, summary, "retraining.executor", missing=missing, extra=_HOST)
    yield from _announced("executor", "kenning_lego.executors", "retraining.executor")


_MAKERS = "kenning_lego.blocks.variants.makers"
MAKERS: Mapping[str, str] = {
    "pruned": f"{_MAKERS}.pruned:PrunedMaker",
    "low_rank": f"{_MAKERS}.low_rank:LowRankMaker",
    "depth": f"{_MAKERS}.depth:DepthMaker",
}
"""Our makers of variants; their own table imports torch."""

EXECUTORS: Mapping[str, str] = {
    "in-process": "kenning_lego.training.executors:InProcess",
    "processes": "kenning_lego.training.processes:Processes",
}
"""Our executors; their own table imports torch."""

KINDS: Mapping[str, Callable[[], Iterator[Listed]]] = {
    "network": networks,
    "dataset": datasets,
    "metric": metrics,
    "variants": makers,
    "executor": executors,
    "compiler": compilers,
    "runtime": runtimes,
    "frames": frames,
}
"""What lists the components of each kind, in the order in which a scenario meets them."""


def all_components() -> list[Listed]:
    """Everything of every kind."""
    return [each for components in KINDS.values() for each in components()]


def _told_by_type(kind: str, union: object, where: str) -> Iterator[Listed]:
    for model in alternatives(union):
        parameters = tuple(each for each in parameters_of(model) if each.name != "type")
        yield Listed(
            kind,
            type_name(model) or "",
            summary_of(model.__doc__ or ""),
            where,
            parameters=parameters,
            model=model,
        )


def _callable(path: str, fixed: Mapping[str, Any]) -> tuple[str, tuple[Argument, ...]]:
    """What a callable is with these arguments, and the arguments that are left."""
    found = read_callable(path)
    given = ", ".join(f"{key} {value}" for key, value in fixed.items())
    summary = f"{found.summary.rstrip('.')} ({given})." if given else found.summary
    return summary, tuple(each for each in found.arguments if each.name not in fixed)


def _announced(kind: str, group: str, where: str) -> Iterator[Listed]:
    """What other packages bring; they are not imported."""
    for each in entry_points(group=group):
        origin = each.dist.name if each.dist else ""
        found = each.dist.version if each.dist else ""
        summary = f"{each.value}, of {origin}."
        yield Listed(kind, each.name, summary, where, found, origin=origin, path=each.value)


def _missing(*packages: str) -> str:
    """The first of these distributions if none of them is installed."""
    for package in packages:
        try:
            version(package)
        except PackageNotFoundError:
            continue
        return ""
    return packages[0]
