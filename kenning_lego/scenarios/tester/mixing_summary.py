"""What the tester prints of variants that were compiled in several ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from kenning_lego.core.mixing_records import ChoiceRecord, Part
from kenning_lego.core.records import RunRecord, SegmentRecord

HEADINGS: Mapping[Part, str] = {
    "ratios": "ratios only",
    "precisions": "precisions only",
    "mixed": "mixed",
}


def labels_of(segments: tuple[SegmentRecord, ...]) -> dict[str, str]:
    """What stands for each variant in a line: the % removed, and the way it was compiled in."""
    return {
        each.name: f"{each.ratio * 100:.0f}" + (f"+{each.way}" if each.way else "")
        for segment in segments
        for each in segment.variants
    }


def print_mixing(console: Console, record: RunRecord) -> None:
    """For each budget the score of ratios alone, of precisions alone, and of all mixed."""
    mixing = record.mixing
    if mixing is None or not mixing.gains:
        return
    table = Table(
        title=f"What mixing bought ({record.network.metric}, predicted → measured)",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("name", no_wrap=True)
    for heading in HEADINGS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    scores = {each.name: each.measured.score for each in record.configurations if each.measured}
    for gain in mixing.gains:
        parts = {each.part: each for each in gain.choices}
        table.add_row(gain.configuration, *(_cell(parts[part], scores) for part in HEADINGS))
    console.print(table)
    for line in _notes(record):
        console.print(line, soft_wrap=True)
    console.print()


def _cell(choice: ChoiceRecord, scores: Mapping[str, float | None]) -> str:
    if not choice.feasible:
        return "cannot be met"
    predicted = "—" if choice.score is None else f"{choice.score:.2%}"
    measured = scores.get(choice.configuration or "")
    return f"{predicted} → {'—' if measured is None else f'{measured:.2%}'}"


def _notes(record: RunRecord) -> Iterator[str]:
    mixing = record.mixing
    if mixing is None:
        return
    choices = [each for gain in mixing.gains for each in gain.choices]
    if any(each.feasible and each.configuration is None for each in choices):
        yield "what has no measured score was not run; --mix.peers runs it too"
    accuracy = mixing.accuracy
    if accuracy is not None and accuracy.error_median is not None:
        yield (
            f"predicted {record.network.metric} of {len(accuracy.runs)} random configurations of "
            f"compiled variants: off by {accuracy.error_median:.4f} "
            f"(p95 {accuracy.error_p95:.4f}), bias {accuracy.error_bias:+.4f}"
        )
