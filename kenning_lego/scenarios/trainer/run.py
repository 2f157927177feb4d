"""The training scenario, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from torch import nn

from kenning_lego.core.output import current
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.datasets.base import Dataset
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.scenarios.figures import training_figures
from kenning_lego.scenarios.offline.fitting import check_fits
from kenning_lego.scenarios.offline.run import FOUND, make_model
from kenning_lego.scenarios.pages import write_page
from kenning_lego.scenarios.progress import Track
from kenning_lego.scenarios.staged import Staged
from kenning_lego.scenarios.step_counts import LOADING, TRAINING_STEPS
from kenning_lego.scenarios.trainer.configuration import TrainConfig
from kenning_lego.scenarios.trainer.recording import record_training
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.atomic import write_bytes
from kenning_lego.store.keeping import keep_record
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.classification import Surroundings
from kenning_lego.training.fitting import EpochResult
from kenning_lego.training.teacher import (
    Scores,
    Trained,
    TrainingPlace,
    find_place,
    score_network,
    train_once,
)
from kenning_lego.training.training_log import TrainingLog
from kenning_lego.training.weights import weights_file

WEIGHTS_NAME = "weights.safetensors"
BEST_NAME = "best.safetensors"
"""Beside the log while it trains: the best weights so far."""


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """Where a training's results are."""

    record: TrainingRecord
    record_path: Path
    weights_path: Path


def run_training(
    config: TrainConfig, console: Console, command: Sequence[str] = ()
) -> TrainingOutcome:
    """Train a network, keep its best weights, and score them on the test part.

    Args:
        config: what to do.
        console: where to tell about it.
        command: recorded as the way to repeat it.

    Raises:
        KenningLegoError: see the exception tree.
        KeyboardInterrupt: it was stopped; the same command goes on from there.
    """
    return _Training(config, console, command, TRAINING_STEPS).run()


class _Training(Staged[TrainConfig]):
    def run(self) -> TrainingOutcome:
        config = self.config
        workspace = Workspace(config.workspace)
        metric = make_metric(config.metric)
        torch.manual_seed(config.training.seed)
        with self.step(LOADING):
            model = make_model(config.model)
            dataset = config.dataset.load()
            check_fits(model, dataset, config.model.name)
        self.say(f"network {config.model.name} on {dataset}")

        place = find_place(model, dataset, config.training, metric, workspace, config.checkpoint_s)
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", config.model.name)
        directory = workspace.root / "logs" / f"{name}-{place.step.key[:8]}"
        with TrainingLog(directory, metric.name) as log:
            trained = self._train(model, dataset, metric, place, log)
            with self.step("score the best weights") as track:
                scores = score_network(
                    model, dataset.validation, dataset.test, metric, track.update
                )
                track.note = f"test {metric.name} {scores.test:.4f}"
            log.finish(trained.result.epochs[trained.result.best_epoch - 1], scores.test)
        outcome = self._keep(workspace.new_run(), model, dataset, metric, trained, scores)
        self._tell(outcome, log.directory)
        return outcome

    def _train(
        self,
        model: nn.Module,
        dataset: Dataset,
        metric: Metric,
        place: TrainingPlace,
        log: TrainingLog,
    ) -> Trained:
        with self.step("train the network") as track:
            found = place.checkpoints.load()
            if found is not None:
                track.say(f"goes on from its checkpoint in epoch {len(found.state['epochs']) + 1}")
            best = log.directory / BEST_NAME

            def keep(_epoch: EpochResult) -> None:
                write_bytes(best, weights_file(model))

            around = Surroundings(on_progress=track.update, on_epoch=log.add, on_best=keep)
            with self._going_on(track, best):
                trained = train_once(model, dataset, self.config.training, metric, place, around)
            track.note = "" if trained.computed else FOUND
        return trained

    @contextmanager
    def _going_on(self, track: Track, best: Path) -> Iterator[None]:
        try:
            yield
        except KeyboardInterrupt:
            track.say("stopped; the checkpoint is kept: the same command goes on from there")
            if best.is_file():
                track.say(f"the best weights so far are in {best}")
            raise

    def _keep(
        self,
        directory: Path,
        model: nn.Module,
        dataset: Dataset,
        metric: Metric,
        trained: Trained,
        scores: Scores,
    ) -> TrainingOutcome:
        """Write the weights, then the record that names them."""
        weights, output = weights_file(model), self.config.output
        record = record_training(
            directory.name,
            self.command,
            self.config,
            model,
            dataset,
            metric,
            trained,
            scores.test,
            WEIGHTS_NAME,
            digest_of(weights),
            self.step.durations_s,
        )
        for path in filter(None, (directory / WEIGHTS_NAME, output)):
            write_bytes(path, weights)
        path = keep_record(record, directory)
        return TrainingOutcome(record, path, output or directory / WEIGHTS_NAME)

    def _tell(self, outcome: TrainingOutcome, log: Path) -> None:
        record = outcome.record
        best = "highest" if record.higher_is_better else "lowest"
        self.say(
            f"epoch {record.best_epoch} of {len(record.epochs)} was the best: its validation "
            f"{record.metric} is the {best}, {record.validation_score:.4f}; on the test part "
            f"{record.test_score:.4f}"
        )
        self.say(f"log {log} (tensorboard --logdir {log.parent})")
        current().figures(**training_figures(record))
        current().wrote("record", outcome.record_path)
        write_page(record, outcome.record_path.parent)
        current().wrote("weights", outcome.weights_path)
