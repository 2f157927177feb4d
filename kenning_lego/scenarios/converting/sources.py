"""The network that a process converts, and what torch computes with it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kenning_lego.compilers.source import CompileSource
from kenning_lego.core.errors import ModelError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.models.lookup import NETWORKS, load_model
from kenning_lego.scenarios.converting.jobs import Job

INPUT = "input"
_SEED = 0
_BATCH = 4


def make_source(job: Job) -> tuple[CompileSource, tuple[Tensor, ...]]:
    """The network with an example to convert it with, and its outputs for this example.

    Raises:
        KenningLegoError: the network cannot be made, or gives something else than tensors.
    """
    torch.manual_seed(_SEED)
    model = load_model(job.network, job.checkpoint, **job.arguments)
    example = torch.randn(1, *job.shape)
    if job.checkpoint is None and job.network in NETWORKS:
        _settle(model, torch.randn(_BATCH, *job.shape))
    with torch.no_grad():
        found = model(example)
    outputs = tuple(found) if isinstance(found, tuple | list) else (found,)
    if not all(isinstance(each, Tensor) for each in outputs):
        raise ModelError(
            f"{job.network} gives {type(found).__name__}, not a tensor or several",
            "wrap it in a module that does",
        )
    names = ["output"] if len(outputs) == 1 else [f"output_{n}" for n in range(len(outputs))]
    source = CompileSource(
        model,
        None,
        (_spec(INPUT, example),),
        tuple(_spec(name, each) for name, each in zip(names, outputs, strict=True)),
        (example,),
    )
    return source, outputs


def _spec(name: str, tensor: Tensor) -> TensorSpec:
    return TensorSpec(name, tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _settle(model: nn.Module, batch: Tensor) -> None:
    """Give normalisations the statistics of their inputs, as training does.

    With random weights, the values in a deep network else grow until rounding is all that is left.
    The mean variance is added to each channel's: of a few pixels some have next to none.
    """
    norms = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    momenta = [each.momentum for each in norms]
    for each in norms:
        each.momentum = 1.0
    with torch.no_grad():
        model.train()(batch)
    for each, momentum in zip(norms, momenta, strict=True):
        each.momentum = momentum
        if each.running_var is not None:
            each.running_var += each.running_var.mean()
    model.eval()
