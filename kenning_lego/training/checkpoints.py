"""Where a long computation stands, on disk: always one whole checkpoint, whenever it is ended.

Layout of a directory: ``state.json`` and ``<serial>-<number>.safetensors`` for its parts. The
parts are written before the state that names them, and removed after the next one is in place.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from kenning_lego.core.errors import StoreError
from kenning_lego.store.atomic import write_error, write_json

_STATE = "state.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was saved.

    Args:
        state: JSON values.
        parts: tensors by name, part by part; read when they are asked for.
    """

    state: Mapping[str, Any]
    parts: Iterator[dict[str, Tensor]]


class Checkpoints:
    """The newest checkpoint of a computation.

    Args:
        directory: of its own; made with the first checkpoint.
        interval_s: how often one is due.
    """

    def __init__(self, directory: Path, interval_s: float) -> None:
        self.directory = directory
        self._interval_s = interval_s
        self._saved_at = time.monotonic()
        self._serial = 0

    @property
    def due(self) -> bool:
        """Whether the last one is old enough for another."""
        return time.monotonic() - self._saved_at >= self._interval_s

    def save(self, state: Mapping[str, Any], parts: Iterable[Mapping[str, Tensor]]) -> None:
        """Replace the checkpoint in one step; no more than one part is copied at a time.

        Raises:
            StoreError: it cannot be written; the one before is still there.
        """
        serial = self._serial + 1
        count = 0
        for part in parts:
            _write(self._part(serial, count), part)
            count += 1
        write_json(
            self.directory / _STATE, {"serial": serial, "parts": count, "state": dict(state)}
        )
        for path in self.directory.glob("*.safetensors"):
            if not path.name.startswith(f"{serial}-"):
                path.unlink(missing_ok=True)
        self._serial, self._saved_at = serial, time.monotonic()

    def load(self) -> Checkpoint | None:
        """The newest checkpoint; None if there is none, or what is there is damaged.

        Raises:
            StoreError: it is there and cannot be read.
        """
        try:
            found = json.loads((self.directory / _STATE).read_text(encoding="utf-8"))
            serial, count, state = found["serial"], found["parts"], found["state"]
            paths = [self._part(serial, number) for number in range(count)]
            for path in paths:
                with safetensors.safe_open(path, "pt"):
                    pass
        except (FileNotFoundError, ValueError, TypeError, KeyError, safetensors.SafetensorError):
            return None
        except OSError as error:
            raise StoreError(
                f"cannot read the checkpoint in {self.directory}: {error.strerror}",
                "check its permissions, or remove it to begin anew",
            ) from error
        self._serial = serial
        return Checkpoint(state, (safetensors.torch.load(path.read_bytes()) for path in paths))

    def discard(self) -> None:
        """Remove the checkpoint: the computation is done."""
        if self.directory.is_dir():
            (self.directory / _STATE).unlink(missing_ok=True)
            for path in self.directory.glob("*.safetensors"):
                path.unlink(missing_ok=True)
            self.directory.rmdir()

    def _part(self, serial: int, number: int) -> Path:
        return self.directory / f"{serial}-{number}.safetensors"


def _write(path: Path, part: Mapping[str, Tensor]) -> None:
    """Straight to the disk: no state names the file yet, and copies would cost memory."""
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, each in part.items():
        own = each.cpu().contiguous()
        # The format refuses tensors that share memory.
        tensors[name] = own.clone() if own.data_ptr() in seen else own
        seen.add(own.data_ptr())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        safetensors.torch.save_file(tensors, path)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise write_error(path, error) from error
    except safetensors.SafetensorError as error:  # what it makes of a full disk
        raise StoreError(f"cannot write {path}: {error}", "free some space") from error
