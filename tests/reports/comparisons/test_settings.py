"""What is said to differ between records, and what their differences can be put down to."""

from __future__ import annotations

from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.effects import effects_of
from kenning_lego.reports.comparisons.settings import Setting, change_between, settings_of
from kenning_lego.reports.comparisons.sides import sides_of
from tests.reports.comparisons.records import again, changed, training_record
from tests.reports.records import whole_model_record

RECORD = whole_model_record()


def settings(*records: AnyRecord) -> tuple[Setting, ...]:
    return settings_of(sides_of(records))


def with_threads(record: RunRecord, threads: int) -> RunRecord:
    """As a run with other threads is recorded: asked for, and told by the target."""
    return changed(
        changed(record, "scenario.target.threads", threads), "target.used.threads", threads
    )


def test_records_that_say_the_same_differ_in_nothing() -> None:
    assert settings(RECORD, RECORD) == ()
    assert change_between((), 1).families == ()


def test_what_was_asked_for_and_what_ran_are_one_setting() -> None:
    found = settings(RECORD, with_threads(RECORD, 4))
    assert [(each.name, each.values) for each in found] == [("threads", ("1", "4"))]
    assert change_between(found, 1).said() == "threads from 1 to 4"


def test_another_engine_is_one_change_with_its_version_and_provider() -> None:
    other = changed(RECORD, "target.used.engine", "tflite")
    other = changed(changed(other, "target.used.version", "2.1"), "target.used.provider", "XNNPACK")
    found = settings(RECORD, other)
    assert len(found) == 3
    assert change_between(found, 1).families == ("engine",)


def test_settings_of_one_section_are_changes_of_their_own_unless_its_type_changes() -> None:
    one = changed(RECORD, "scenario.compiler", {"type": "onnx", "precision": "a", "opset": 1})
    two = changed(RECORD, "scenario.compiler", {"type": "onnx", "precision": "b", "opset": 2})
    other = changed(RECORD, "scenario.compiler", {"type": "tflite", "precision": "b", "opset": 2})
    both = change_between(settings(one, two), 1)
    assert both.families == ("compiler.precision", "compiler.opset")
    assert change_between(settings(one, other), 1).families == ("compiler",)


def test_where_things_are_is_shown_and_is_no_change() -> None:
    other = changed(RECORD, "scenario.target.address", "tcp://elsewhere:5570")
    found = settings(RECORD, changed(other, "host.facts.cpu", "another"))
    assert len(found) == 2
    assert change_between(found, 1).families == ()


def test_what_one_record_does_not_say_may_have_been_changed() -> None:
    found = settings(RECORD, changed(RECORD, "scenario.blocks", {"count": 8}))
    assert change_between(found, 1).families == ("1 setting that one of them does not say",)


def test_long_values_are_told_apart_though_shown_short() -> None:
    long = [float(number) for number in range(60)]
    one = changed(RECORD, "scenario.blocks.ratios", long)
    other = changed(RECORD, "scenario.blocks.ratios", [*long, 1.0])
    (found,) = settings(one, other)
    assert found.differs(1)


def test_effects_are_ordered_and_only_single_changes_are_put_down_to_one() -> None:
    slower = with_threads(again(RECORD, 1.3, 1), 4)
    faster = changed(again(RECORD, 0.8, 2), "target.used.version", "1.21")
    repeated = again(RECORD, 1.0, 3)
    together = changed(slower, "target.used.version", "1.21")
    records = [RECORD, repeated, together, slower, faster]
    comparisons = compare_records(records)
    found = effects_of(comparisons, settings_of(comparisons.sides))
    assert [(each.pair.mark, each.kind) for each in found] == [
        ("E", "single"),
        ("D", "single"),
        ("C", "together"),
        ("B", "repetition"),
    ]
    assert found[0].said == "engine's version from 1.20.1 to 1.21"
    assert found[3].said == "nothing: a repetition"


def test_trainings_differ_in_what_their_scenarios_say() -> None:
    found = settings(training_record(), training_record(learning_rate=0.01))
    assert change_between(found, 1).families == ("training.learning_rate",)
