"""What the drawing of a network says of each node: segments, time, share, colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.core.records import SegmentRecord, VariantRecord
from kenning_lego.reports.graph.network import Graph, fold, graph_of
from kenning_lego.reports.graph.shares import (
    Latency,
    Share,
    apart,
    latency_of,
    level,
    scale_step,
    shares_of,
    summed,
)
from kenning_lego.reports.run.block_table import anchors
from kenning_lego.reports.run.findings import Findings, Outcome

_SMALL = 0.02
"""Fixed segments of a smaller share are folded with their neighbours."""

_FEWEST = 2
"""The only one takes all the time."""

Chosen = Sequence[VariantRecord | None]
"""The variant that runs in each segment's place; None where the record does not say."""


@dataclass(frozen=True, slots=True)
class Node:
    """One or several segments.

    Args:
        segments: one, or fixed ones in a row.
        anchor: where links to the first of them lead; empty where nothing is.
        variant: that runs in its place; None for several.
        latency: of all of them; None if one was not measured.
        share: of the whole's; None likewise.
        shown: the share that its colour stands for: one for all that cannot be told apart.
    """

    segments: tuple[SegmentRecord, ...]
    anchor: str
    variant: VariantRecord | None
    latency: Latency | None
    share: Share | None
    shown: float | None


@dataclass(frozen=True, slots=True)
class Timed:
    """A composition of the network.

    Args:
        name: of it.
        nodes: in the order of the graph's.
        whole_ns: sum of the medians that were measured.
    """

    name: str
    nodes: tuple[Node, ...]
    whole_ns: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn: the original, and the main configuration if there is one.

    Args:
        graph: of the nodes.
        networks: one or two, over the same graph.
        step: of the scale of colours, which all share.
    """

    graph: Graph
    networks: tuple[Timed, ...]
    step: float

    def colour(self, node: Node) -> int | None:
        """Of the scale; None where nothing was measured."""
        return None if node.shown is None else level(node.shown, self.step)


def drawn_of(findings: Findings) -> Drawn | None:
    """Work out what to draw, or None where no two segments were measured."""
    segments = findings.record.segments
    named = {each.name: each for segment in segments for each in segment.variants}
    original, main = findings.original, findings.main
    compositions = [
        (each.name, _chosen(segments, named, each))
        for each in ((original,) if main is original else (original, main))
    ]
    times = [[_latency(findings, each) for each in chosen] for _, chosen in compositions]
    if sum(each is not None and each.ns > 0 for each in times[0]) < _FEWEST:
        return None
    graph, groups = fold(graph_of(segments), _small(segments, times))
    networks = [
        _timed(name, segments, groups, chosen, latencies)
        for (name, chosen), latencies in zip(compositions, times, strict=True)
    ]
    networks = [each for each in networks if each.whole_ns > 0]
    shown = [each.shown for network in networks for each in network.nodes]
    largest = max((each for each in shown if each is not None), default=1.0)
    return Drawn(graph, tuple(networks), scale_step(largest))


def _chosen(
    segments: Sequence[SegmentRecord], named: Mapping[str, VariantRecord], outcome: Outcome
) -> Chosen:
    variants = outcome.configuration.variants if outcome.configuration else {}
    originals = [
        next((each for each in segment.variants if each.is_original), None) for segment in segments
    ]
    if outcome.is_original:
        return originals
    return [
        named.get(variants[segment.name]) if segment.name in variants else original
        for segment, original in zip(segments, originals, strict=True)
    ]


def _latency(findings: Findings, variant: VariantRecord | None) -> Latency | None:
    timing = findings.timing(variant) if variant else None
    return latency_of(timing) if timing else None


def _small(
    segments: Sequence[SegmentRecord], times: Sequence[Sequence[Latency | None]]
) -> frozenset[int]:
    """Fixed segments that are known to take little time in every composition."""
    small = {at for at, each in enumerate(segments) if not each.scalable}
    for latencies in times:
        limit = _SMALL * sum(each.ns for each in latencies if each)
        small &= {at for at, each in enumerate(latencies) if each and each.ns <= limit}
    return frozenset(small)


def _timed(
    name: str,
    segments: Sequence[SegmentRecord],
    groups: Sequence[tuple[int, ...]],
    chosen: Chosen,
    latencies: Sequence[Latency | None],
) -> Timed:
    sums: list[Latency | None] = []
    for group in groups:
        known = [each for at in group if (each := latencies[at]) is not None]
        sums.append(summed(known) if len(known) == len(group) else None)
    measured = [each for each in sums if each is not None]
    shares = shares_of(measured)
    told = iter(zip(shares, apart(shares), strict=True))
    places = anchors(segments)
    nodes = []
    for group, latency in zip(groups, sums, strict=True):
        share, shown = (None, None) if latency is None else next(told)
        alone = chosen[group[0]] if len(group) == 1 else None
        several = tuple(segments[at] for at in group)
        nodes.append(Node(several, places[group[0]], alone, latency, share, shown))
    return Timed(name, tuple(nodes), sum(each.ns for each in measured))
