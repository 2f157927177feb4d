"""A training's log, to be watched meanwhile: JSON lines, and the same for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from kenning_lego.store.atomic import write_error
from kenning_lego.training.event_file import first_record, scalars_record
from kenning_lego.training.fitting import EpochResult

LINES_NAME = "log.jsonl"
EVENTS_NAME = "events.out.tfevents.kenning-lego"


class TrainingLog:
    """Writes a training's log anew; a training that goes on gives the same lines again first.

    The same epochs always give the same bytes, so that who reads the files meanwhile may go on
    from where they were.

    Args:
        directory: of its own; made when it is missing.
        metric: name of what the epochs are scored by.

    Raises:
        StoreError: a file cannot be written; of all methods.
    """

    def __init__(self, directory: Path, metric: str) -> None:
        self.directory = directory
        self._metric = metric
        self._files = ExitStack()
        self._begun = False
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lines = self._open(LINES_NAME)
            self._events = self._open(EVENTS_NAME)
        except OSError as error:
            self._files.close()
            raise write_error(directory, error) from error

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._files.close()

    def add(self, epoch: EpochResult) -> None:
        """Note an epoch."""
        if not self._begun:
            self._begun = True
            self._write(self._events, first_record(epoch.ended_unix_s - epoch.seconds))
        scalars = {
            "loss/train": epoch.loss,
            f"{self._metric}/validation": epoch.validation_score,
            "learning_rate": epoch.learning_rate,
        }
        self._write(self._events, scalars_record(epoch.ended_unix_s, epoch.epoch, scalars))
        self._line(
            {
                "epoch": epoch.epoch,
                "epochs": epoch.epochs,
                "loss": epoch.loss,
                "metric": self._metric,
                "validation_score": epoch.validation_score,
                "learning_rate": epoch.learning_rate,
                "seconds": round(epoch.seconds, 3),
                "ended": datetime.fromtimestamp(epoch.ended_unix_s, timezone.utc).isoformat(
                    timespec="milliseconds"
                ),
            }
        )

    def finish(self, best: EpochResult, test_score: float) -> None:
        """Note which epoch was the best, and how its weights do on the test part."""
        scalars = {f"{self._metric}/test": test_score}
        self._write(self._events, scalars_record(best.ended_unix_s, best.epoch, scalars))
        self._line({"best_epoch": best.epoch, "metric": self._metric, "test_score": test_score})

    def _open(self, name: str) -> FileIO:
        # Without a buffer: what was written is there for others, and for whoever is killed.
        return self._files.enter_context((self.directory / name).open("wb", buffering=0))

    def _line(self, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        self._write(self._lines, (text + "\n").encode())

    def _write(self, file: FileIO, content: bytes) -> None:
        try:
            while content:
                content = content[file.write(content) :]
        except OSError as error:
            raise write_error(self.directory, error) from error
