from __future__ import annotations

import numpy as np
import pytest

from kenning_lego.core.records import ClassificationRecord, RunRecord
from kenning_lego.metrics.classification_report import classification_report
from kenning_lego.reports.run.classification import MOST_CLASSES
from tests.reports.pages import Page, render
from tests.reports.records import resnet_record, whole_model_record

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HOSTILE = "</text><script>alert(1)</script>&\"'"


def report(names: tuple[str, ...], samples: int = 2000, clear: float = 3.0) -> ClassificationRecord:
    labels = np.arange(samples) % len(names)
    outputs = np.random.default_rng(0).normal(size=(samples, len(names)))
    outputs[np.arange(samples), labels] += clear
    if len(names) > 5:
        outputs[labels == 3, 5] += 2
    return classification_report(outputs, labels, names)


def with_classes(first: ClassificationRecord, second: ClassificationRecord) -> RunRecord:
    record = resnet_record()
    found = iter([first, second])
    configurations = tuple(
        each.model_copy(update={"classification": next(found, None)})
        for each in record.configurations
    )
    return record.model_copy(update={"configurations": configurations})


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(with_classes(report(NAMES), report(NAMES, clear=2.0))))


def test_the_page_is_sound_and_has_a_matrix_for_each_configuration(page: Page) -> None:
    page.check()
    titles = [each.findtext("{*}title") or "" for each in page.drawings()]
    for name in ("balanced", "fast"):
        assert titles.count(f"Confusion matrix of {name}") == 2
    assert "Confusion matrix of careful" not in titles


def test_the_figures_are_those_of_the_record(page: Page) -> None:
    record = report(NAMES)
    for value in (record.accuracy, record.mean_precision, record.g_mean, record.f1):
        assert f"{value * 100:.2f} %" in page.text
    assert f"{record.roc_auc:.4f}" in page.text
    assert f"{record.sensitivity[3] or 0:.1%}".replace("%", " %") in page.text
    count = record.matrix()[3][5]
    assert f"cat taken for dog: {count} samples of 200" in page.text
    assert "What balanced confuses most" in page.text


def test_every_cell_can_be_read(page: Page) -> None:
    record = report(NAMES)
    matrix = next(
        each
        for each in page.drawings()
        if each.findtext("{*}title") == "Confusion matrix of balanced"
    )
    cells = list(matrix.iter("{http://www.w3.org/2000/svg}g"))
    assert len(cells) == len(record.confusion)
    words = [each.text for each in matrix.iter("{http://www.w3.org/2000/svg}text")]
    assert {str(count) for _, _, count in record.confusion} <= set(words)
    assert set(NAMES) <= set(words)


def test_many_classes_are_told_by_the_worst() -> None:
    names = tuple(f"class {number}" for number in range(300))
    page = Page(render(with_classes(report(names), report(names))))
    page.check()
    assert not any("Confusion" in (each.findtext("{*}title") or "") for each in page.drawings())
    assert "The 12 classes of lowest sensitivity; record.json has all 300." in page.text
    assert len(page.source.encode()) < 1_000_000


@pytest.mark.parametrize("count", [1, 2, 25, MOST_CLASSES])
def test_matrices_of_any_size_are_sound(count: int) -> None:
    names = tuple(f"a class with a long name {number}" for number in range(count))
    page = Page(render(with_classes(report(names), report(names))))
    page.check()
    for each in page.drawings():
        if "Confusion" in (each.findtext("{*}title") or ""):
            width = float(each.attrib["width"])
            for cell in each.iter("{http://www.w3.org/2000/svg}rect"):
                assert float(cell.attrib["x"]) + float(cell.attrib["width"]) <= width + 0.1


def test_hostile_names_and_outputs_that_are_no_numbers() -> None:
    outputs = np.eye(3)
    outputs[2, 0] = np.nan
    names = (HOSTILE, "b", "c")
    record = classification_report(outputs, np.array([0, 0, 2]), names)
    page = Page(render(with_classes(record, record)))
    page.check()
    assert "1 sample got no class" in page.source
    assert "never predicted" in page.text
    assert "no samples" in page.text


def test_other_tasks_have_no_such_section() -> None:
    for record in (resnet_record(), whole_model_record()):
        assert 'id="classes"' not in render(record)
