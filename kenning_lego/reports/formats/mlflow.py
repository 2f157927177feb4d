"""Records in MLflow: a run with parameters, metrics, tags, and the report's files as artifacts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError, StoreError
from kenning_lego.reports.formats.experiment import Experiment, Metric

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_METRICS_AT_ONCE, _NAMES_AT_ONCE = 1000, 100
"""Limits of MLflow's REST interface for one request."""

_RETRIES = "2"

T = TypeVar("T")


def connect(uri: str) -> MlflowClient:
    """A client of MLflow; nothing is sent yet.

    Args:
        uri: of the tracking server, or of a store that the installed MLflow can open itself.

    Raises:
        MissingDependencyError: mlflow is not installed.
        ConfigurationError: there is no such kind of address.
    """
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ModuleNotFoundError as error:
        raise MissingDependencyError("mlflow", "mlflow", "an export to MLflow") from error
    # By default MLflow tries a server that is not there for minutes, without a word.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", _RETRIES)
    try:
        return MlflowClient(tracking_uri=uri)
    except (MlflowException, OSError, ModuleNotFoundError) as error:
        raise ConfigurationError(
            f"MLflow cannot track to {uri}: {_first_line(error)}",
            "name a tracking server: --mlflow http://host:5000",
        ) from error


def log_experiment(
    client: MlflowClient, experiment: Experiment, artifacts: Sequence[Path], collection: str
) -> str:
    """Make a run of MLflow; one that cannot be completed is deleted again.

    Args:
        client: of MLflow.
        experiment: what the run is told.
        artifacts: files to keep with it.
        collection: MLflow's experiment that the run goes to; made when it is missing.

    Returns:
        The id of the run.

    Raises:
        StoreError: the server, or the disk, refused something.
    """
    from mlflow.exceptions import MlflowException

    run = None
    try:
        found = client.get_experiment_by_name(collection)
        place = found.experiment_id if found else client.create_experiment(collection)
        run = client.create_run(
            place, experiment.began_ms, run_name=experiment.name, tags=dict(experiment.tags)
        ).info
        _log(client, run.run_id, experiment, run.start_time)
        for path in artifacts:
            client.log_artifact(run.run_id, str(path))
        client.set_terminated(run.run_id)
    except (MlflowException, OSError) as error:
        if run is not None:
            client.delete_run(run.run_id)
        raise StoreError(
            f"MLflow refused the run: {_first_line(error)}", "look at the server, or its log"
        ) from error
    return str(run.run_id)


def _log(client: MlflowClient, run: str, experiment: Experiment, began_ms: int) -> None:
    from mlflow.entities import Metric as MlflowMetric
    from mlflow.entities import Param

    def metric(each: Metric) -> Any:
        time = began_ms if each.time_ms is None else each.time_ms
        return MlflowMetric(each.name, each.value, time, each.step)

    for parameters in _batches(tuple(experiment.parameters.items()), _NAMES_AT_ONCE):
        client.log_batch(run, params=[Param(*each) for each in parameters])
    for metrics in _batches(experiment.metrics, _METRICS_AT_ONCE):
        client.log_batch(run, metrics=[metric(each) for each in metrics])


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
