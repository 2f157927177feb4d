"""Weights as safetensors files, and the identity of a network with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, fx, nn

from kenning_lego.core.errors import StoreError
from kenning_lego.store.atomic import write_bytes
from kenning_lego.store.fingerprint import fingerprint


def module_fingerprint(module: nn.Module) -> str:
    """The sha256 of what a module computes with and, as far as it can be told, how."""
    structure = module.code if isinstance(module, fx.GraphModule) else ""
    parts: dict[str, Any] = {"structure": f"{structure}\n{module!r}"}
    parts.update({f"weights/{name}": each.cpu() for name, each in module.state_dict().items()})
    return fingerprint(parts)


def save_weights(path: Path, modules: Mapping[str, nn.Module]) -> None:
    """Write the weights of named modules into one file, whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        for key, value in module.state_dict().items():
            # Copies, since the format refuses tensors that share memory.
            tensors[f"{name}/{key}"] = value.detach().cpu().clone().contiguous()
    write_bytes(path, safetensors.torch.save(tensors))


def load_weights(path: Path, modules: Mapping[str, nn.Module]) -> bool:
    """Load what :func:`save_weights` wrote; False if the file is missing or not of these modules.

    Nothing is changed then.

    Raises:
        StoreError: the file is there and cannot be read.
    """
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except (FileNotFoundError, safetensors.SafetensorError):
        return False
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error
    states = {
        name: {key: tensors.get(f"{name}/{key}") for key in module.state_dict()}
        for name, module in modules.items()
    }
    for name, module in modules.items():
        for key, value in module.state_dict().items():
            found = states[name][key]
            if found is None or found.shape != value.shape:
                return False
    for name, module in modules.items():
        module.load_state_dict(states[name])
    return True
