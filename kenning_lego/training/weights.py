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


def weights_file(module: nn.Module) -> bytes:
    """A module's weights as a safetensors file, each under its own name, as checkpoints are."""
    return safetensors.torch.save(_tensors({"": module}))


def save_weights(path: Path, modules: Mapping[str, nn.Module]) -> None:
    """Write the weights of named modules into one file, whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    write_bytes(path, safetensors.torch.save(_tensors({f"{n}/": m for n, m in modules.items()})))


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


def _tensors(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """By prefix and name; copies, since the format refuses tensors that share memory."""
    return {
        f"{prefix}{key}": value.detach().cpu().clone().contiguous()
        for prefix, module in modules.items()
        for key, value in module.state_dict().items()
    }
