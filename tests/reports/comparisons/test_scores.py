"""Scores are said to differ when chance does not explain it, and never across metrics or data."""

from __future__ import annotations

from kenning_lego.core.pipeline_records import NO_ANSWER, FramesRecord, PipelinesRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.scores import ScoreDifference, score_rows
from kenning_lego.reports.comparisons.sides import Comparable, sides_of
from tests.reports.comparisons.records import changed, search_record, training_record
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import resnet_record, whole_model_record


def difference(one: Comparable, other: Comparable, name: str) -> ScoreDifference:
    row = next(each for each in score_rows(sides_of([one, other])) if each.name == name)
    found = row.differences[0]
    assert found is not None
    return found


def scored(score: float) -> RunRecord:
    return changed(whole_model_record(), "network.test_score", score)


def test_shares_of_many_samples_differ_and_close_ones_do_not() -> None:
    worse = difference(scored(0.93), scored(0.90), "network, test part")
    assert worse.differs
    assert worse.better is False
    assert worse.basis == "shares"
    assert worse.low is not None
    assert worse.high is not None
    assert worse.low < -0.03 < worse.high < 0
    assert not difference(scored(0.93), scored(0.929), "network, test part").differs


def test_scores_that_are_no_shares_have_no_bounds() -> None:
    one = changed(scored(0.5), "network.metric", "miou")
    other = changed(scored(0.6), "network.metric", "miou")
    found = difference(one, other, "network, test part")
    assert found.differs is None
    assert found.better
    assert "not a share" in found.why


def test_other_metrics_and_other_data_are_not_compared() -> None:
    name = "network, test part"
    metric = changed(scored(0.9), "network.metric", "top5")
    assert difference(scored(0.9), metric, name).why == "other metrics: top1 and top5"
    data = changed(scored(0.9), "network.dataset", "digits")
    found = difference(scored(0.9), data, name)
    assert found.change is None
    assert found.why.startswith("other samples: test of cifar10")


def frames(record: PipelinesRecord, correct: tuple[int, ...]) -> PipelinesRecord:
    pipeline = record.pipelines[0]
    count = len(correct)
    kept = FramesRecord(
        number=tuple(range(count)),
        begin_ns=tuple(range(count)),
        duration_ns=(1000,) * count,
        configuration=(0,) * count,
        correct=correct,
    )
    only = (pipeline.model_copy(update={"frames": kept}),)
    return record.model_copy(update={"pipelines": only})


def test_answers_to_the_same_frames_are_compared_one_by_one() -> None:
    record = pipelines_record()
    one = frames(record, (1,) * 90 + (0,) * 8 + (NO_ANSWER, 1))
    other = frames(record, (1,) * 90 + (1,) * 8 + (1, NO_ANSWER))
    found = difference(one, other, "camera, right answers")
    assert found.basis == "paired"
    # Eight frames of 98 that only the second gets right: p = 2 / 2^8.
    assert found.change == 8 / 98
    assert found.differs
    assert found.better
    # As shares of different samples they could not be told apart so surely.
    assert difference(other, one, "camera, right answers").change == -8 / 98


def test_frames_of_another_source_are_not_compared() -> None:
    record = pipelines_record()
    other = record.pipelines[0].model_copy(update={"source": "a camera"})
    found = difference(
        record, record.model_copy(update={"pipelines": (other,)}), "camera, right answers"
    )
    assert found.change is None


def test_confidence_holds_for_all_scores_together() -> None:
    one = difference(scored(0.93), scored(0.9265), "network, test part")
    record = resnet_record()
    several = difference(
        record, changed(record, "network.test_score", 0.9265), "network, test part"
    )
    assert one.low is not None
    assert several.low is not None
    assert several.low < one.low


def test_every_kind_with_scores_has_rows() -> None:
    names = {
        "optimisation": [each.name for each in score_rows(sides_of([search_record()] * 2))],
        "training": [each.name for each in score_rows(sides_of([training_record()] * 2))],
    }
    assert names["training"] == ["validation part", "test part"]
    assert "onnx int8, validation part" in names["optimisation"]
