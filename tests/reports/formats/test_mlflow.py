"""What MLflow is told of records, and that it keeps it."""

from __future__ import annotations

import math
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError, StoreError
from kenning_lego.core.opening import open_record
from kenning_lego.core.run_headers import OriginRecord, TelemetryRecord
from kenning_lego.reports.formats.experiment import Experiment, Metric, experiment_of
from kenning_lego.reports.formats.mlflow import connect, log_experiment
from tests.reports.records import resnet_record

FIXTURES = sorted((Path(__file__).parents[2] / "core" / "fixtures").glob("*-v1.json"))


def test_a_run_is_parameters_metrics_and_tags() -> None:
    telemetry = TelemetryRecord(
        began="2024-06-07T10:15:02+00:00",
        times_s=(5.0, 5.5),
        columns={"power_w": (None, 3.5), "temperature_c": (40.0, 41.0)},
    )
    found = experiment_of(resnet_record().model_copy(update={"telemetry": telemetry}))
    assert found.parameters["target.threads"] == "1"
    assert found.parameters["blocks.ratios"] == "[0.0, 0.2, 0.4, 0.6, 0.8]"
    assert found.tags["network"] == "resnet18"
    assert found.tags["target.board"] == "Raspberry Pi 5 Model B Rev 1.0"
    metrics = {(each.name, each.step): each for each in found.metrics}
    assert metrics["latency_ms", 0].value == pytest.approx(4.581, abs=0.01)
    assert metrics["configurations/fast/feasible", 0].value == 1.0
    assert metrics["measurements/layer1.0/pruned-0.40/latency_ms", 0].value < 1
    assert found.began_ms is not None
    assert metrics["telemetry/power_w", 1] == Metric(
        "telemetry/power_w", 3.5, 1, found.began_ms + 500
    )
    assert ("telemetry/power_w", 0) not in metrics


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_records_of_every_kind_of_run_are_told(path: Path) -> None:
    record = open_record(path)
    if not isinstance(record, OriginRecord):
        with pytest.raises(ConfigurationError, match="of none"):
            experiment_of(record)
        return
    found = experiment_of(record)
    assert found.name == record.id
    assert found.tags["kenning_lego.kind"]
    assert all(math.isfinite(each.value) for each in found.metrics)
    assert len({(each.name, each.step) for each in found.metrics}) == len(found.metrics)


def test_epochs_are_steps() -> None:
    (path,) = (each for each in FIXTURES if each.stem.startswith("training"))
    steps = [each.step for each in experiment_of(open_record(path)).metrics if each.name == "loss"]
    assert steps == list(range(1, len(steps) + 1))
    assert steps


def test_without_mlflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow.tracking", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[mlflow\]"):
        connect("file:runs")


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of a tracking directory, which newer versions of MLflow have to be asked for."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("mlflow.tracking", reason="mlflow is not installed")
        yield connect((tmp_path / "mlruns").as_uri())


def test_mlflow_keeps_all_of_it(client: Any, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("page")
    experiment = experiment_of(resnet_record())
    found = client.get_run(log_experiment(client, experiment, (page,), "boards"))
    assert found.info.status == "FINISHED"
    assert found.info.run_name == experiment.name
    assert found.data.params == dict(experiment.parameters)
    assert found.data.metrics == {each.name: each.value for each in experiment.metrics}
    assert set(experiment.tags.items()) <= set(found.data.tags.items())
    assert [each.path for each in client.list_artifacts(found.info.run_id)] == ["report.html"]
    assert client.get_experiment(found.info.experiment_id).name == "boards"


def test_mlflow_keeps_series_in_steps(client: Any) -> None:
    series = tuple(Metric("loss", 1 / step, step) for step in range(1, 2500))
    experiment = Experiment("run", 1_000_000, {}, series, {})
    run = log_experiment(client, experiment, (), "series")
    history = client.get_metric_history(run, "loss")
    assert [(each.value, each.step) for each in history] == [
        (each.value, each.step) for each in series
    ]
    assert {each.timestamp for each in history} == {1_000_000}


def test_a_run_that_cannot_be_completed_is_deleted(client: Any, tmp_path: Path) -> None:
    experiment = experiment_of(resnet_record())
    with pytest.raises(StoreError, match="MLflow refused the run"):
        log_experiment(client, experiment, (tmp_path / "missing",), "boards")
    place = client.get_experiment_by_name("boards").experiment_id
    assert client.search_runs([place]) == []
