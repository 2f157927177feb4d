"""The trained ResNet-56 for CIFAR-10, cut, retrained, profiled and timed: what adaptation runs.

The benchmark finds it in the directory that ``KENNING_LEGO_RESNET56`` names, else under ``build``,
or makes it there; so does ``python -m benchmarks.adaptation_network DIRECTORY``, which goes on with
what is there. Variants are retrained on 5,000 of CIFAR-10's training images and profiled on
the first half of the test images, so that the other half is left for frames.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.bench_record import RECORDS
from benchmarks.trained import CHECKPOINTS, Cifar10, load_cifar10
from kenning_lego.blocks.accuracy.profile import AccuracyProfile
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import MeasurementConfig, ProfileConfig, RetrainConfig
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.latency import stages_of, variants_plan
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.blocks.workshop import profile_once, retrain_once
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.core.plans import PlanItem, Statistics
from kenning_lego.core.records import AdditivityRecord, SegmentRecord
from kenning_lego.metrics.classification import TOP1
from kenning_lego.models.lookup import load_model
from kenning_lego.scenarios.tester.adding_up import add_up, composed_configurations
from kenning_lego.scenarios.tester.choice import pose_problem
from kenning_lego.scenarios.tester.compiling import CompileData, compile_variants
from kenning_lego.selection.problem import Block, Option, Problem, evaluate
from kenning_lego.servers.local import LocalTarget
from kenning_lego.stats.pace import medians_at_pace
from kenning_lego.stats.quality_law import QualityLaw
from kenning_lego.stats.rounds import Rounds
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace

BATCH = 8
"""Images in a frame, as of a camera in whose picture eight things are to be named."""
RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
RETRAINED_ON = 5000
PROFILED_ON = 5000
DIRECTORY = Path(os.environ.get("KENNING_LEGO_RESNET56") or RECORDS.parent / "resnet56")

_NETWORK = "resnet56-cifar10"
_BLOCKS, _EPOCHS = 9, 4
_COMPOSED_RUNS = 24
_FILE = "network.json"
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class TrainedNetwork:
    """A network's variants with all that choosing among them goes by.

    Args:
        segments: the chain with its variants, profiled and compiled.
        latencies_ms: of every variant, with its share of what composing adds.
        law: from a sum of accuracy costs to a loss of accuracy.
        original: share of the profile's images that the original classifies rightly.
        wholes: by ratio, the network with that ratio everywhere as one artifact: its sha256 and
            its size in bytes.
        workspace: holds the artifacts.
    """

    segments: tuple[SegmentRecord, ...]
    latencies_ms: Mapping[str, float]
    law: QualityLaw
    original: float
    wholes: tuple[tuple[str, int], ...]
    workspace: Workspace

    @property
    def problem(self) -> Problem:
        """What there is to choose from."""
        return pose_problem(self.segments, self.latencies_ms)

    def whole_problem(self, latencies_ms: Sequence[float] | None = None) -> Problem:
        """The same for whole-model scaling: one block, with one variant for each ratio.

        Args:
            latencies_ms: by ratio; None for the sums of the variants'.
        """
        options = []
        for number, (names, (digest, size)) in enumerate(
            zip(self.uniform(), self.wholes, strict=True)
        ):
            choice = evaluate(self.problem, names)
            latency = choice.latency_ms if latencies_ms is None else latencies_ms[number]
            options.append(Option(digest, choice.accuracy_cost, latency, size))
        return Problem((Block("network", tuple(options)),))

    def uniform(self) -> list[dict[str, str]]:
        """The network scaled as a whole: by ratio, one variant of it in every block."""
        blocks = [each for each in self.segments if each.scalable]
        return [
            {block.name: block.variants[index].name for block in blocks}
            for index in range(len(RATIOS))
        ]


def find_network(directory: Path = DIRECTORY) -> TrainedNetwork | None:
    """What :func:`make_network` left in a directory; None if nothing."""
    path = directory / _FILE
    if not path.is_file():
        return None
    found = json.loads(path.read_text())
    return TrainedNetwork(
        tuple(SegmentRecord.model_validate(each) for each in found["segments"]),
        found["latencies_ms"],
        QualityLaw(found["unit"], found["power"]),
        found["original"],
        tuple((digest, size) for digest, size in found["wholes"]),
        Workspace(directory / "workspace"),
    )


def trained_network() -> TrainedNetwork | None:
    """The network in its usual directory, made there if it is missing; None without its data."""
    data = load_cifar10()
    if data is None:
        print("the trained ResNet-56 and its images are not at hand", file=sys.stderr)
        return None
    if find_network() is None:
        print(f"making the network in {DIRECTORY}: some ten minutes", file=sys.stderr)
        torch.set_num_threads(1)
        make_network(DIRECTORY, data)
    return find_network()


def make_network(directory: Path, data: Cifar10) -> None:
    """Do what is missing: cut, retrain, profile, compile, time; everything is found again."""
    workspace = Workspace(directory / "workspace")
    made = make_stand_ins(data, workspace)
    chain, variants, profile = made.chain, made.variants, made.profile
    segments, _ = compile_variants(
        chain,
        variants,
        made.losses,
        profile.costs,
        CompileData(None, data.train.images[RETRAINED_ON:], 10),
        Onnx(),
        workspace,
        _tell,
    )
    wholes = _fuse_wholes(chain, variants, segments, data, workspace)
    latencies, _ = time_network(segments, {}, workspace)
    record = {
        "schema_version": _SCHEMA_VERSION,
        "segments": [each.model_dump(mode="json") for each in segments],
        "latencies_ms": latencies,
        "unit": profile.record.unit,
        "power": profile.record.power,
        "original": profile.record.original,
        "wholes": wholes,
    }
    write_json(directory / _FILE, record)


@dataclass(frozen=True, slots=True)
class StandIns:
    """The network's retrained variants before they are compiled."""

    chain: Chain
    variants: Variants
    losses: Mapping[str, float]
    profile: AccuracyProfile


def make_stand_ins(data: Cifar10, workspace: Workspace) -> StandIns:
    """Cut, retrain and profile; what the workspace holds is found again."""
    torch.manual_seed(0)
    model = load_model(_NETWORK, CHECKPOINTS[_NETWORK])
    chain = extract(model, torch.zeros(BATCH, 3, 32, 32), count=_BLOCKS)
    variants = make_variants(chain, RATIOS)
    images = data.train.images
    losses = retrain_once(
        chain,
        variants,
        images[:RETRAINED_ON],
        images[RETRAINED_ON:],
        RetrainConfig(epochs=_EPOCHS, batch_size=64),
        workspace,
        _tell,
    )
    half = data.test.take(range(PROFILED_ON))
    profile = profile_once(
        chain, variants, half.images, half.labels, TOP1, ProfileConfig(), workspace, _tell
    ).profile
    return StandIns(chain, variants, losses.values, profile)


def _fuse_wholes(
    chain: Chain,
    variants: Variants,
    segments: Sequence[SegmentRecord],
    data: Cifar10,
    workspace: Workspace,
) -> list[tuple[str, int]]:
    """The networks of whole-model scaling, each as the one artifact that it would be."""
    example = {chain.inputs[0].name: data.test.images[:BATCH]}
    outputs = [spec.name for spec in chain.outputs]
    found = []
    for index in range(len(RATIOS)):
        names = {block.name: variants[block.name][index].name for block in chain.blocks}
        stages = stages_of(segments, names)
        made = fuse_once(stages, outputs, example, Onnx(), workspace).record
        found.append((made.digest, made.size_bytes))
    return found


def time_network(
    segments: Sequence[SegmentRecord],
    wholes: Mapping[str, str],
    workspace: Workspace,
    *,
    seconds: float = 90.0,
) -> tuple[dict[str, float], dict[str, float]]:
    """Latencies in ms as `kenning-lego test` takes them, in this process.

    Args:
        segments: the chain with its variants.
        wholes: networks in one piece to time with them: sha256 by name.
        workspace: holds the artifacts.
        seconds: at most.

    Returns:
        By variant, corrected for composing; and by the names of `wholes`.
    """
    latencies, found, _ = time_and_check(segments, wholes, workspace, seconds=seconds)
    return latencies, found


def time_and_check(
    segments: Sequence[SegmentRecord],
    wholes: Mapping[str, str],
    workspace: Workspace,
    *,
    seconds: float,
) -> tuple[dict[str, float], dict[str, float], AdditivityRecord | None]:
    """The same as :func:`time_network`, and how well the variants' latencies add up."""
    composed = composed_configurations(segments, _COMPOSED_RUNS, seed=0)
    config = MeasurementConfig(max_seconds=seconds)
    plan = variants_plan(segments, config, runtime="onnxruntime", threads=1, composed=composed)
    items = [PlanItem(name, (digest,), len(segments)) for name, digest in wholes.items()]
    with LocalTarget(workspace.artifacts) as target:
        target.measure(replace(plan, items=(*plan.items, *items)))
        medians = _medians_ms(target.statistics())
    additivity, latencies = add_up(segments, composed, medians)
    return latencies, {name: medians[name] for name in wholes}, additivity


def _medians_ms(statistics: Statistics) -> dict[str, float]:
    items = {
        each.name: Rounds.of(
            each.samples_ns, [each.per_round] * (len(each.samples_ns) // each.per_round)
        )
        for each in statistics.measurements
    }
    return {name: value / 1e6 for name, value in medians_at_pace(items).items()}


def _tell(done: int, total: int, text: str) -> None:
    print(f"{done}/{total} {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Make it in the directory that is named."""
    data = load_cifar10()
    if data is None:
        print("the trained networks are not at hand", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    make_network(Path(arguments[0]) if arguments else DIRECTORY, data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
