"""The whole networks that a scenario compares: the original, and all blocks alike."""

from __future__ import annotations

import torch
from torch import nn

from kenning_lego.blocks.capture.flops import flop_counter
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cost import count_parameters
from kenning_lego.blocks.variants.variants import ORIGINAL, Variants
from kenning_lego.blocks.whole import WholeNetwork
from kenning_lego.datasets.base import Dataset
from kenning_lego.scenarios.whole.candidates import Network


def original_network(model: nn.Module, dataset: Dataset) -> Network:
    """The network as it was given."""
    return _network(ORIGINAL, model, ORIGINAL, 0.0, dataset)


def uniform_networks(chain: Chain, variants: Variants, dataset: Dataset) -> list[Network]:
    """A network for every kind and ratio of variants, which all blocks are that have it.

    Args:
        chain: the original.
        variants: trained, by segment.
        dataset: whose images the networks take.
    """
    wanted = {
        (each.kind, each.ratio): None
        for several in variants.values()
        for each in several
        if each.kind != ORIGINAL
    }
    found = []
    for kind, ratio in sorted(wanted):
        modules = {
            name: each.module
            for name, several in variants.items()
            for each in several
            if (each.kind, each.ratio) == (kind, ratio)
        }
        module = WholeNetwork(chain.replace(modules)).eval()
        found.append(_network(f"{kind}-{ratio:.2f}", module, kind, ratio, dataset))
    return found


def _network(name: str, module: nn.Module, kind: str, ratio: float, dataset: Dataset) -> Network:
    image = torch.tensor(dataset.validation.take([0]).images)
    with torch.no_grad(), flop_counter() as counter:
        module(image)
    parameters = count_parameters(module)
    return Network(name, module, kind, ratio, counter.get_total_flops(), parameters)
