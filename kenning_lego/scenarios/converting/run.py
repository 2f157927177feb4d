"""The matrix, cell by cell; each is kept in the workspace."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kenning_lego.core.conversion_records import ConversionCell, ConversionRecord, RouteRecord
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.lookup import find_callable
from kenning_lego.models.lookup import NETWORKS, input_shape
from kenning_lego.scenarios.converting.configuration import ConvertConfig
from kenning_lego.scenarios.converting.jobs import ONNX_FILE, Job
from kenning_lego.scenarios.converting.processes import run_job
from kenning_lego.scenarios.converting.routes import ROUTES, Route
from kenning_lego.scenarios.origin import origin
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.workspace import Step, Workspace

_VERSION = 1
OnCell = Callable[[int, int, ConversionCell], None]


def networks_of(config: ConvertConfig) -> tuple[str, ...]:
    """The networks that are asked for.

    Raises:
        UsageError: one is not there, or the shape of its input is not known.
    """
    for name in config.models:
        if ":" not in name and name not in NETWORKS:
            raise UnknownNameError(
                "model", name, NETWORKS, "or name one of your own as package.module:callable"
            )
        if ":" in name:
            find_callable(name)
            if config.shape is None:
                raise ConfigurationError(
                    f"the input of {name} is not known", "give its --shape, such as 3 224 224"
                )
    if config.checkpoint is not None and not config.checkpoint.is_file():
        raise ConfigurationError(f"there is no checkpoint {config.checkpoint}", "correct its path")
    return config.models or tuple(NETWORKS)


def convert(
    config: ConvertConfig, workspace: Workspace, on_cell: OnCell, command: Sequence[str] = ()
) -> tuple[ConversionRecord, Path]:
    """Try every network on every route.

    Args:
        config: what to try.
        workspace: keeps every cell, and the record.
        on_cell: called with how many cells are done, of how many, and the newest.
        command: recorded as the way to repeat it.

    Returns:
        The matrix, and the directory of the run.

    Raises:
        UsageError: a network is not there.
    """
    networks = networks_of(config)
    total = len(networks) * len(config.routes)
    cells: list[ConversionCell] = []
    for network in networks:
        for cell in _row(config, network, workspace):
            cells.append(cell)
            on_cell(len(cells), total, cell)
    run = workspace.new_run()
    record = ConversionRecord(
        **origin(run.name, command, config),
        versions={k: v for name in config.routes for k, v in ROUTES[name].versions().items()},
        tolerance=config.tolerance,
        routes=tuple(RouteRecord(name=name, title=ROUTES[name].title) for name in _asked(config)),
        networks=networks,
        cells=tuple(cells),
    )
    return record, run


def _asked(config: ConvertConfig) -> list[str]:
    """In the order in which they need each other."""
    return [name for name in ROUTES if name in config.routes]


def _row(config: ConvertConfig, network: str, workspace: Workspace) -> Iterator[ConversionCell]:
    steps = {name: _step(config, network, name, workspace) for name in _asked(config)}
    found = {name: _found(step, config) for name, step in steps.items()}
    with tempfile.TemporaryDirectory(prefix="kenning-lego-") as directory:
        done: dict[str, ConversionCell] = {}
        for name, step in steps.items():
            route, place = ROUTES[name], Path(directory) / (ROUTES[name].needs or name)
            place.mkdir(exist_ok=True)
            # An export that is known is done again where an import of it is not.
            wanted = any(found[other] is None for other in steps if ROUTES[other].needs == name)
            known = found[name]
            if known is None or (wanted and known.state == "converted"):
                known = _cell(config, network, name, place, done.get(route.needs))
                if known.state not in ("not_installed", "skipped"):
                    step.save(known.model_dump(mode="json"))
            done[name] = known
            yield known


def _cell(
    config: ConvertConfig, network: str, name: str, place: Path, needed: ConversionCell | None
) -> ConversionCell:
    route = ROUTES[name]
    missing = route.missing()
    if missing:
        return ConversionCell(
            network=network,
            route=name,
            state="not_installed",
            problem=f"{', '.join(missing)} not installed: "
            f"pip install 'kenning-lego[{route.extra}]'",
        )
    if needed is not None and not (place / ONNX_FILE).is_file():
        problem = f"there is no file to import: {needed.problem}"
        return ConversionCell(network=network, route=name, state="skipped", problem=problem)
    outcome = run_job(_job(config, network, route, place), config.time_limit_s)
    answer, state, problem = outcome.answer, outcome.state, outcome.answer.problem
    if state == "converted" and answer.max_abs is not None:
        relative = answer.max_abs / (answer.scale or 1.0)
        if not relative <= config.tolerance:
            state = "differs"
            problem = f"off torch's outputs by {relative:.2g} of the largest"
    return ConversionCell(
        network=network,
        route=name,
        state=state,
        problem=problem,
        error=answer.error,
        seconds=outcome.seconds,
        size_bytes=answer.size_bytes,
        max_abs=_finite(answer.max_abs),
        scale=_finite(answer.scale),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _job(config: ConvertConfig, network: str, route: Route, place: Path) -> Job:
    return Job(
        network=network,
        checkpoint=None if config.checkpoint is None else config.checkpoint.absolute(),
        arguments=config.arguments,
        shape=config.shape or input_shape(network),
        action=route.action,
        engine=route.engine,
        directory=place,
    )


def _step(config: ConvertConfig, network: str, name: str, workspace: Workspace) -> Step:
    route = ROUTES[name]
    needed = ROUTES[route.needs].versions() if route.needs else {}
    weights = None if config.checkpoint is None else digest_of(config.checkpoint.read_bytes())
    inputs: dict[str, Any] = {
        "network": network,
        "arguments": config.arguments,
        "weights": weights,
        "shape": config.shape or input_shape(network),
        "route": name,
        "versions": {**needed, **route.versions()},
        "tolerance": config.tolerance,
    }
    return workspace.step("conversion", _VERSION, inputs)


def _found(step: Step, config: ConvertConfig) -> ConversionCell | None:
    """What an earlier run found, unless that is to be tried again, or for longer."""
    content = step.load()
    if content is None:
        return None
    cell = ConversionCell.model_validate(content)
    failed = cell.state in ("failed", "crashed", "timed_out", "differs")
    longer = cell.state == "timed_out" and (cell.seconds or 0.0) < config.time_limit_s
    return None if longer or (config.retry and failed) else cell
