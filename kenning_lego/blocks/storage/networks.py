"""Keep a cut network with its variants in a directory, and make it again without its class.

Layout: ``manifest.json`` (see :mod:`.manifest`), ``graphs-<digest>.json`` (see :mod:`.graphs`) and
``weights-<digest>.safetensors``, each by variant name. The manifest names the other files by their
contents and takes its predecessor's place in one step, so that a directory holds the network
before or the one after, whatever happens in between. Weights that segments share are written once
for each of them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import fx

from kenning_lego import __version__
from kenning_lego.blocks.accuracy.profile import AccuracyProfile
from kenning_lego.blocks.capture.tracing import Opaque
from kenning_lego.blocks.chain import Chain, Segment
from kenning_lego.blocks.cost import Cost
from kenning_lego.blocks.storage.graphs import describe_graph, rebuild_graph
from kenning_lego.blocks.storage.manifest import (
    Manifest,
    StoredScores,
    StoredSegment,
    StoredVariant,
)
from kenning_lego.blocks.storage.unfold import unfold
from kenning_lego.blocks.variants.variants import BlockVariant, Variants
from kenning_lego.core.errors import ModelError, StoreError, WorkspaceError
from kenning_lego.core.records import TensorRecord
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.atomic import write_json
from kenning_lego.training.weights import load_weights, save_weights

_MANIFEST = "manifest.json"
_GRAPHS, _WEIGHTS = ("graphs", ".json"), ("weights", ".safetensors")
"""Beginning and end of the names of the other files."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of the variants beside what they are; by variant name.

    Args:
        losses: validation losses of the retrained ones.
        profile: accuracy costs, if they were estimated.
        scores: of the original network, if it was scored.
    """

    losses: Mapping[str, float]
    profile: AccuracyProfile | None = None
    scores: StoredScores | None = None


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """A network as it was stored, ready to be run."""

    manifest: Manifest
    chain: Chain
    variants: Variants


def save_network(
    directory: Path, name: str, chain: Chain, variants: Variants, findings: Findings
) -> Manifest:
    """Write a network, in place of an earlier one if there is one.

    Variants that only the network's own code can make are kept too, but not to be made again.

    Args:
        directory: of this network alone.
        name: of the network.
        chain: the network.
        variants: by segment name, the original first.
        findings: what is known of the variants.

    Raises:
        StoreError: it cannot be written.
    """
    every = [each for segment in chain for each in variants[segment.name]]
    modules = {each.name: unfold(each.module) for each in every}
    graphs: dict[str, Any] = {}
    needs_code: dict[str, str] = {}
    for variant, module in modules.items():
        try:
            graphs[variant] = describe_graph(module)
        except ModelError as error:
            needs_code[variant] = error.problem
    weights = _written(directory, _WEIGHTS, lambda path: save_weights(path, modules))
    described = _written(directory, _GRAPHS, lambda path: write_json(path, graphs))
    manifest = Manifest(
        name=name,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        version=__version__,
        inputs=_records(chain.inputs),
        outputs=_records(chain.outputs),
        segments=tuple(
            StoredSegment(
                name=segment.name,
                scalable=segment.scalable,
                layers=_layers(segment.module),
                inputs=_records(segment.inputs),
                outputs=_records(segment.outputs),
                variants=tuple(
                    _stored(each, findings, needs_code.get(each.name))
                    for each in variants[segment.name]
                ),
            )
            for segment in chain
        ),
        opaque={each.path: each.reason for each in chain.opaque},
        scores=findings.scores,
        accuracy=findings.profile.record if findings.profile else None,
        graphs=described,
        weights=weights,
    )
    write_json(directory / _MANIFEST, manifest.model_dump(mode="json"))
    _forget_others(directory, manifest)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """What is stored there.

    Raises:
        WorkspaceError: no network is stored there, or it is damaged or of another version.
    """
    path = directory / _MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except OSError as error:
        raise WorkspaceError(
            f"{directory} holds no network: {error.strerror}",
            "make one with `kenning-lego blocks make`",
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise WorkspaceError(
            f"{path} is damaged or of another version: {where}: {first['msg']}",
            "make the network again with `kenning-lego blocks make`",
        ) from error


def load_network(directory: Path) -> StoredNetwork:
    """Make a stored network again, on the CPU and in evaluation mode; its class is not needed.

    Raises:
        WorkspaceError: as :func:`read_manifest`.
        StoreError: a file is missing or is not the one that was written.
        ModelError: a variant can only be made by the network's own code.
    """
    manifest = read_manifest(directory)
    for variant in (each for segment in manifest.segments for each in segment.variants):
        if variant.needs_code is not None:
            raise ModelError(
                f"{variant.name} in {directory} cannot be made again: {variant.needs_code}",
                "cut the network anew from its own class",
            )
    graphs = json.loads(_verified(directory, _GRAPHS, manifest.graphs))
    _verified(directory, _WEIGHTS, manifest.weights)
    modules = {name: rebuild_graph(each) for name, each in graphs.items()}
    missing = [
        each.name for some in manifest.segments for each in some.variants if each.name not in graphs
    ]
    if missing or not load_weights(_place(directory, _WEIGHTS, manifest.weights), modules):
        raise StoreError(
            f"{directory} lacks the graph or weights of {', '.join(missing) or 'a variant'}",
            "make the network again with `kenning-lego blocks make`",
        )
    variants = {
        segment.name: tuple(
            _variant(segment.name, each, modules[each.name]) for each in segment.variants
        )
        for segment in manifest.segments
    }
    segments = tuple(
        Segment(
            each.name,
            variants[each.name][0].module,
            _specs(each.inputs),
            _specs(each.outputs),
            each.scalable,
        )
        for each in manifest.segments
    )
    opaque = tuple(Opaque(path, reason) for path, reason in manifest.opaque.items())
    chain = Chain(segments, _specs(manifest.inputs), _specs(manifest.outputs), opaque)
    return StoredNetwork(manifest, chain, variants)


def _stored(variant: BlockVariant, findings: Findings, needs_code: str | None) -> StoredVariant:
    costs = findings.profile.costs if findings.profile else {}
    facts = variant.facts(findings.losses, costs)
    return StoredVariant(**dict(facts), needs_code=needs_code)


def _variant(block: str, stored: StoredVariant, module: fx.GraphModule) -> BlockVariant:
    return BlockVariant(
        block,
        stored.kind,
        stored.ratio,
        stored.ratio_reached,
        module,
        Cost(stored.flops, stored.parameters, stored.weight_bytes, stored.activation_bytes),
        stored.least_share,
    )


def _layers(module: fx.GraphModule) -> tuple[str, ...]:
    """Paths of the layers that the graph calls, and of modules whose tensors it reads."""
    paths = {
        str(node.target): None
        for node in module.graph.nodes
        if node.op in ("call_module", "get_attr")
    }
    return tuple(paths)


def _records(specs: tuple[TensorSpec, ...]) -> tuple[TensorRecord, ...]:
    return tuple(TensorRecord(name=s.name, shape=s.shape, dtype=s.dtype) for s in specs)


def _specs(records: tuple[TensorRecord, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(each.name, each.shape, each.dtype) for each in records)


def _place(directory: Path, name: tuple[str, str], digest: str) -> Path:
    """Where the file with these contents is."""
    begin, end = name
    return directory / f"{begin}-{digest[:16]}{end}"


def _written(directory: Path, name: tuple[str, str], write: Callable[[Path], None]) -> str:
    """Write a file under the name of its contents; the sha256 of those."""
    begin, end = name
    beside = directory / f".{begin}.{secrets.token_hex(4)}{end}"
    try:
        write(beside)
        digest = hashlib.sha256(beside.read_bytes()).hexdigest()
        beside.replace(_place(directory, name, digest))
    finally:
        beside.unlink(missing_ok=True)
    return digest


def _forget_others(directory: Path, manifest: Manifest) -> None:
    """Remove what earlier manifests named."""
    for name, digest in ((_GRAPHS, manifest.graphs), (_WEIGHTS, manifest.weights)):
        kept = _place(directory, name, digest)
        for path in directory.glob(f"{name[0]}-*{name[1]}"):
            if path != kept:
                path.unlink(missing_ok=True)


def _verified(directory: Path, name: tuple[str, str], digest: str) -> bytes:
    path = _place(directory, name, digest)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(
            f"cannot read {path}: {error.strerror}", "make the network again"
        ) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise StoreError(f"{path} is not what its manifest names", "make the network again")
    return content
