"""Whether the block engine holds for networks of many kinds, with no code for any of them.

A network is covered if the chain of its blocks as they are computes what the network computes, bit
for bit in torch and within 1e-4 in ONNX Runtime, and every variant can be made, runs, and takes and
gives what its block does. Images are small for their networks, to save time.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.bench_record import Metric
from benchmarks.onnx_chain import TOLERANCE, onnx_gap
from benchmarks.zoo.networks import NETWORKS
from kenning_lego.blocks.capture.flops import flop_counter
from kenning_lego.blocks.capture.shapes import tensors_in
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.variants import BlockVariant, make_variants
from kenning_lego.core.errors import KenningLegoError

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
QUICK = ("resnet18", "mobilenet_v2", "unet")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was seen of one network.

    Args:
        failures: what did not hold; none if the network is covered.
        seconds: that it took to see that.
        blocks: how many it was cut into.
        scalable: share of the FLOPs of its convolutions (of all its FLOPs, in networks that do
            most of their work elsewhere) that lies in blocks.
        removable: share of all its FLOPs that is gone with every block at the largest ratio.
        gap: of ONNX Runtime's outputs to torch's, relative to the largest of them.
    """

    failures: tuple[str, ...]
    seconds: float
    blocks: int = 0
    scalable: float = 0.0
    removable: float = 0.0
    gap: float = 0.0


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Cover all networks, as many at a time as there are processors.

    Args:
        directory: not used; nothing is written.
        quick: three networks only.
    """
    del directory
    names = QUICK if quick else tuple(NETWORKS)
    begin = time.monotonic()
    found = {}
    workers = min(len(os.sched_getaffinity(0)), len(names))
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        for name, coverage in zip(names, pool.map(cover, names), strict=True):
            found[name] = coverage
            _tell(name, coverage)
    return metrics(found, time.monotonic() - begin)


def metrics(found: Mapping[str, Coverage], seconds: float) -> list[Metric]:
    """The figures of the record."""
    covered = sum(not each.failures for each in found.values())
    gap = max((each.gap for each in found.values()), default=0.0)
    figures = [
        Metric("networks_covered", covered, "networks", at_least=len(found)),
        Metric("networks_onnx_gap_max", gap, "", at_most=TOLERANCE),
        Metric("networks_seconds", seconds, "s"),
    ]
    for name, each in found.items():
        asked = 0.95 if name == "resnet18" else None
        figures.append(Metric(f"scalable_share_{name}", each.scalable, "", at_least=asked))
        figures.append(Metric(f"removable_share_{name}", each.removable, ""))
    return figures


def cover(name: str) -> Coverage:
    """Cut, vary, run and export the network of that name."""
    begin = time.monotonic()
    try:
        model, image = NETWORKS[name].build()
        chain = extract(model, image)
        failures = list(_check_chain(model, chain, image))
        tensors = chain.tensors(image)
        removed = 0
        for segment in chain.blocks:
            variants = make_variants(replace(chain, segments=(segment,)), RATIOS)[segment.name]
            failures += _check_variants(segment, variants, tensors)
            removed += variants[0].flops - variants[-1].flops
        gap = onnx_gap(chain, tensors)
    except (KenningLegoError, ModuleNotFoundError) as error:
        return Coverage((f"{type(error).__name__}: {error}",), time.monotonic() - begin)
    if not gap <= TOLERANCE:
        failures.append(f"ONNX Runtime differs by {gap:.2g}")
    whole = _flops(model, [image])
    inside = [_flops(each.module, each.example()) for each in chain.blocks]
    return Coverage(
        tuple(failures),
        time.monotonic() - begin,
        len(chain.blocks),
        _scalable(whole, inside),
        removed / whole.total,
        gap,
    )


def _check_chain(model: nn.Module, chain: Chain, image: Tensor) -> Iterator[str]:
    for batch in (image, torch.randn_like(image)):
        with torch.no_grad():
            expected = list(tensors_in(model(batch)))
        if not all(map(torch.equal, chain.run(batch), expected)):
            yield "the chain computes something else"


def _check_variants(
    segment: Segment, variants: Sequence[BlockVariant], tensors: Mapping[str, Tensor]
) -> Iterator[str]:
    # Ratios that no widths can meet share a variant.
    within_reach = [ratio for ratio in RATIOS if ratio <= 1 - (variants[-1].least_share or 0)]
    if len(variants) < max(2, len(within_reach)):
        yield f"{segment.name} has {len(variants)} variants for {len(within_reach)} ratios"
    for variant in variants:
        computed = replace(segment, module=variant.module).run(tensors)
        for name, tensor in computed.items():
            if tensor.shape != tensors[name].shape or tensor.dtype != tensors[name].dtype:
                yield f"{variant.name} gives another shape or type"
            if not tensor.isfinite().all():
                yield f"{variant.name} gives numbers that are not finite"


@dataclass(frozen=True, slots=True)
class _Flops:
    total: int
    convolutions: int


def _flops(module: nn.Module, inputs: Sequence[Tensor]) -> _Flops:
    with torch.no_grad(), flop_counter() as counter:
        module(*inputs)
    by_operation = counter.get_flop_counts().get("Global", {})
    inside = sum(count for each, count in by_operation.items() if "convolution" in str(each))
    return _Flops(counter.get_total_flops(), inside)


def _scalable(whole: _Flops, inside: Sequence[_Flops]) -> float:
    if 2 * whole.convolutions > whole.total:
        return sum(each.convolutions for each in inside) / whole.convolutions
    return sum(each.total for each in inside) / whole.total


def _tell(name: str, found: Coverage) -> None:
    verdict = "covered" if not found.failures else f"NOT covered: {'; '.join(found.failures)}"
    print(
        f"{name}: {verdict}; {found.blocks} blocks, {found.scalable:.1%} scalable, "
        f"{found.removable:.1%} removable, ONNX within {found.gap:.1g}; {found.seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )
