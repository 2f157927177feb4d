"""Making variants: do they meet their ratios, how much can go, how long does it take, what is lost.

Networks of torchvision are left out where it is not installed; how many were seen is reported.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench_record import Metric
from benchmarks.zoo.networks import NETWORKS, Entry
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import BlocksConfig, PrunedConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.variants.makers.lookup import find_makers
from kenning_lego.blocks.variants.prune import Prunable
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.core.errors import ModelError
from kenning_lego.models.lookup import load_model

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
KINDS = ("pruned", "low_rank")
_QUICK = ("resnet18", "mobilenet_v2", "resnext29", "vit")
_TIMED = "resnet18"
_REPEATS = 5
_PEER_S = 0.35
"""LegoDNN's public code, for the same network: 0.35 to 0.48 s a variant."""
_LOST_IMAGES = 200
_CHECKPOINT = Path("models", "cifar_resnet_akamaster", "resnet20-12fca82f.th")
_DATA = Path(
    os.environ.get("KENNING_LEGO_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data"
)


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """All figures; single-threaded, some five minutes.

    Args:
        directory: not used: nothing is kept.
        quick: a few networks only.
    """
    del directory
    torch.set_num_threads(1)
    names = _QUICK if quick else tuple(NETWORKS)
    fits = [each for name in names for each in _fit(name, NETWORKS[name])]
    worst = max(fits, key=lambda each: each.error)
    return [
        Metric("variants_networks", len(fits), "networks"),
        Metric("ratio_error", worst.error * 100, "points", at_most=3),
        Metric("ratio_error_with_steps", max(each.plain for each in fits) * 100, "points"),
        Metric("ratios_out_of_reach", sum(each.out_of_reach for each in fits), "ratios"),
        *(Metric(f"removable_share.{each.name}", each.removable, "share") for each in fits),
        *_times(),
        *_losses(),
    ]


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a network's pruned variants meet their ratios.

    Args:
        error: the largest miss, beyond half of the smallest step that the block's widths allow.
        plain: the largest miss.
        out_of_reach: ratios that blocks cannot meet by any widths.
        removable: share of the network's FLOPs that goes with every block at its smallest.
    """

    name: str
    error: float
    plain: float
    out_of_reach: int
    removable: float


def _fit(name: str, entry: Entry) -> Iterator[_Fit]:
    """One, or none where the network needs a package that is missing or cannot be cut."""
    try:
        model, example = entry.build()
        chain = extract(model, example)
    except (ModuleNotFoundError, ModelError):
        return
    variants = make_variants(chain, RATIOS)
    errors, plain, out_of_reach = [0.0], [0.0], 0
    for block in chain.blocks:
        prunable = Prunable(block.module, block.example())
        reached = [each.ratio_reached for each in variants[block.name]]
        half = prunable.smallest_step() / 2
        for ratio in RATIOS[1:]:
            if ratio > 1 - prunable.least_share():
                out_of_reach += 1
                continue
            miss = min(abs(each - ratio) for each in reached)
            plain.append(miss)
            errors.append(miss - half)
    yield _Fit(name, max(errors), max(plain), out_of_reach, _removable(variants))


def _removable(variants: Variants) -> float:
    whole = sum(several[0].flops for several in variants.values())
    least = sum(min(each.flops for each in several) for several in variants.values())
    return 1 - least / whole


def _times() -> list[Metric]:
    model, example = NETWORKS[_TIMED].build()
    chain = extract(model, example)
    seconds: Mapping[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(_REPEATS):
        for kind in KINDS:
            makers = find_makers(BlocksConfig(variants=(kind,)))
            # Of this process alone: other work on the machine would count otherwise.
            begin = time.process_time()
            variants = make_variants(chain, RATIOS, makers)
            passed = time.process_time() - begin
            made = sum(len(several) - 1 for several in variants.values())
            seconds[kind].append(passed / made)
    pruned, low_rank = (statistics.median(seconds[kind]) for kind in KINDS)
    return [
        Metric("extract_s_per_variant", pruned, "s", at_most=0.03, peer=_PEER_S),
        Metric("low_rank_s_per_variant", low_rank, "s"),
    ]


def _losses() -> list[Metric]:
    """What variants lose before retraining, on a trained network, where there is one."""
    checkpoint, sheet = _DATA / _CHECKPOINT, _DATA / "images" / "cifar10_test.webp"
    if not (checkpoint.is_file() and sheet.is_file()):
        return []
    chain = extract(
        load_model("resnet20-cifar10", checkpoint=checkpoint), torch.zeros(1, 3, 32, 32)
    )
    images = _images(sheet)
    config = BlocksConfig(variants=("pruned", "low_rank"))
    strict = PrunedConfig(importance="taylor")
    makers = {
        "pruned": find_makers(config)[0],
        "taylor": find_makers(BlocksConfig(variants=("pruned",), pruned=strict))[0],
        "low_rank": find_makers(config)[1],
    }
    found = []
    for name, maker in makers.items():
        lost = _block_errors(chain, make_variants(chain, RATIOS, (maker,), images[:64]), images)
        found += [
            Metric(f"untrained_error.{name}.{ratio:.1f}", statistics.median(several), "share")
            for ratio, several in lost.items()
        ]
    return found


def _block_errors(
    chain: Chain, variants: Variants, images: torch.Tensor
) -> dict[float, Sequence[float]]:
    """By ratio: for each block the relative squared error of its output on real activations."""
    tensors = chain.tensors(images)
    lost: dict[float, list[float]] = {}
    for block in chain.blocks:
        inputs = [tensors[spec.name] for spec in block.inputs]
        expected = tensors[block.outputs[0].name]
        for variant in variants[block.name][1:]:
            with torch.no_grad():
                gap = variant.module(*inputs) - expected
            share = float(gap.square().sum() / expected.square().sum())
            lost.setdefault(variant.ratio, []).append(share)
    return {ratio: lost[ratio] for ratio in sorted(lost)}


def _images(sheet: Path) -> torch.Tensor:
    from PIL import Image

    rows = np.asarray(Image.open(sheet))[: _LOST_IMAGES // 100 * 32]
    pixels = rows.reshape(-1, 32, 100, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)
    mean, spread = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    scaled = (pixels / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(spread, (3, 1, 1))
    return torch.tensor(scaled, dtype=torch.float32)
