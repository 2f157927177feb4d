"""Load weights from safetensors files and torch's state dicts."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError, ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

_SHOWN = 3
_PARALLEL_PREFIX = "module."  # what torch's DataParallel puts before every name
_COUNTER = "num_batches_tracked"  # of batch normalisation; old checkpoints lack it


def load_checkpoint(model: nn.Module, path: Path) -> None:
    """Load a checkpoint's weights into a network of the same structure.

    Args:
        model: changed in place.
        path: a ``.safetensors`` file, or a state dict saved by torch, as such or under the key
            ``state_dict``; names may begin with ``module.``. Only tensors and plain containers
            are read from torch's files.

    Raises:
        ConfigurationError: the file cannot be read or is not a checkpoint.
        ModelError: the checkpoint is of another network.
        MissingDependencyError: the file is a safetensors file and safetensors is not installed.
    """
    if not path.is_file():
        raise ConfigurationError(f"there is no checkpoint {path.absolute()}", "correct its path")
    weights = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if weights and all(name.startswith(_PARALLEL_PREFIX) for name in weights):
        weights = {name.removeprefix(_PARALLEL_PREFIX): each for name, each in weights.items()}
    own = model.state_dict()
    findings = _differences(own, weights)
    if findings:
        raise ModelError(
            f"the checkpoint {path} is of another network: {'; '.join(findings)}",
            "name the network that it was made with, and its arguments",
        )
    model.load_state_dict({**own, **weights})


def _read_safetensors(path: Path) -> Mapping[str, Tensor]:
    try:
        import safetensors
        import safetensors.torch
    except ModuleNotFoundError as error:
        raise MissingDependencyError("safetensors", "host", f"the checkpoint {path}") from error
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ConfigurationError(
            f"cannot read the checkpoint {path}: {error}", "name a safetensors file"
        ) from error


def _read_torch(path: Path) -> Mapping[str, Tensor]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"the checkpoint {path} holds more than weights, or is damaged: {reason}",
            "save the state dict alone, best as .safetensors",
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"cannot read the checkpoint {path}: {error}",
            "name a .safetensors file or a state dict saved by torch",
        ) from error
    if isinstance(content, dict):
        content = content.get("state_dict", content)
    if not isinstance(content, dict) or not all(
        isinstance(name, str) and isinstance(each, torch.Tensor) for name, each in content.items()
    ):
        raise ConfigurationError(
            f"the checkpoint {path} is not a state dict",
            "save model.state_dict(), as such or under the key 'state_dict'",
        )
    return content


def _differences(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> list[str]:
    missing = [name for name in own if name not in weights and not name.endswith(_COUNTER)]
    unexpected = [name for name in weights if name not in own]
    reshaped = [
        f"{name} {tuple(weights[name].shape)} for {tuple(each.shape)}"
        for name, each in own.items()
        if name in weights and weights[name].shape != each.shape
    ]
    kinds = (("missing", missing), ("unexpected", unexpected), ("of another shape", reshaped))
    return [f"{_first(names)} {kind}" for kind, names in kinds if names]


def _first(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
