"""What the test of a file prints."""

from __future__ import annotations

from statistics import median

from rich.console import Console

from kenning_lego.core.records import RunRecord, ScoreRecord
from kenning_lego.scenarios.tester.judging import describe_verdict


def print_file_test(console: Console, record: RunRecord) -> None:
    """The network's latency and quality, its pieces, and what to think of the measurement."""
    (original,) = record.configurations
    measured = original.measured or ScoreRecord()
    network = record.network
    console.print()
    console.print(f"latency {measured.latency_ms:.4f} ms, median of one inference", soft_wrap=True)
    if measured.score is None:
        console.print("quality: none; random data have no right answers")
    else:
        count = network.samples.get("test", 0)
        console.print(
            f"{network.metric} {measured.score:.2%} of {count:,} samples of {network.dataset}, "
            "from the target's outputs",
            soft_wrap=True,
        )
    for segment in record.segments:
        latency = segment.variants[0].latency_ms
        crossing = ", ".join(each.name for each in segment.outputs)
        console.print(f"{segment.name}: {latency:.4f} ms, gives {crossing}", soft_wrap=True)
    whole = record.measurement(original.fused_measurement)
    if record.additivity is not None and whole is not None and measured.latency_ms:
        alone = median(whole.samples_ns) / 1e6
        bias = record.additivity.sum_errors.bias
        console.print(
            f"pieces in a row {measured.latency_ms:.4f} ms, the file in one piece {alone:.4f} ms "
            f"({measured.latency_ms / alone - 1:+.1%}); the sum of the pieces is {bias:+.1%} off "
            "the row",
            soft_wrap=True,
        )
    for plan in record.plans:
        console.print(f"measurement of {describe_verdict(plan)}", soft_wrap=True)
    console.print()
