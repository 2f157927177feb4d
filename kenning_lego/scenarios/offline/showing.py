"""A stored network on the terminal: a table of its variants and a tree of its modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from kenning_lego.blocks.storage.manifest import Manifest, StoredSegment, StoredVariant


def print_network(console: Console, manifest: Manifest) -> None:
    """The table, the tree, and what could not be looked into or needs the network's code."""
    console.print()
    console.print(_table(manifest))
    console.print()
    console.print(_tree(manifest))
    console.print()
    for line in _remarks(manifest):
        console.print(escape(line), soft_wrap=True)


def _table(manifest: Manifest) -> Table:
    blocks = sum(segment.scalable for segment in manifest.segments)
    title = f"{manifest.name}: {blocks} blocks in {len(manifest.segments)} segments"
    table = Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
    table.add_column("variant", no_wrap=True)
    for heading in ("removed", "MFLOPs", "parameters", "weights kB", "activations kB", "cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    for segment in manifest.segments:
        for variant in segment.variants:
            table.add_row(*map(escape, _row(segment, variant)))
    return table


def _row(segment: StoredSegment, variant: StoredVariant) -> Iterator[str]:
    yield variant.name if segment.scalable else f"{segment.name} (fixed)"
    yield f"{variant.ratio_reached:.0%}" if segment.scalable else ""
    yield f"{variant.flops / 1e6:,.2f}"
    yield f"{variant.parameters:,}"
    yield f"{variant.weight_bytes / 1e3:,.1f}"
    yield f"{variant.activation_bytes / 1e3:,.1f}"
    cost = variant.accuracy_cost if segment.scalable else None
    yield "" if cost is None else f"{cost:+.4f}"


@dataclass
class _Module:
    """A module of the network and the segments that its layers are in."""

    segments: dict[str, None] = field(default_factory=dict)
    children: dict[str, _Module] = field(default_factory=dict)

    def add(self, path: list[str], segment: str) -> None:
        self.segments[segment] = None
        if path:
            self.children.setdefault(path[0], _Module()).add(path[1:], segment)


def _tree(manifest: Manifest) -> Tree:
    """Modules by name, down to where one holds layers of a single segment."""
    root = _Module()
    for segment in manifest.segments:
        for path in segment.layers:
            root.add(path.split("."), segment.name)
    kinds = {
        each.name: f"block {each.name}, {len(each.variants)} variants"
        if each.scalable
        else f"fixed {each.name}"
        for each in manifest.segments
    }
    tree = Tree(escape(manifest.name))
    _grow(tree, root, kinds)
    return tree


def _grow(tree: Tree, module: _Module, kinds: Mapping[str, str]) -> None:
    for name, child in module.children.items():
        if len(child.segments) == 1:
            (segment,) = child.segments
            tree.add(escape(f"{name}  ({kinds[segment]})"))
        else:
            _grow(tree.add(escape(name)), child, kinds)


def _remarks(manifest: Manifest) -> Iterator[str]:
    if manifest.scores is not None:
        scores = manifest.scores
        yield (
            f"{scores.metric} on {scores.dataset}: {scores.validation:.4f} on the validation "
            f"part, {scores.test:.4f} on the test part"
        )
    for path, reason in manifest.opaque.items():
        yield f"kept whole: {path}: {reason}"
    for segment in manifest.segments:
        for variant in segment.variants[:1]:
            if variant.needs_code is not None:
                yield f"{segment.name} needs the network's own code: {variant.needs_code}"
