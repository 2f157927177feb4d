"""Labels of points that several records share."""

from __future__ import annotations

from kenning_lego.reports.comparisons.tradeoffs import Named, together


def marks(*points: tuple[float, float, str, str]) -> list[str]:
    wanted = [Named((x, y), mark, name) for x, y, mark, name in points]
    return [" ".join(each.mark for each in several) for several in together(wanted)]


def test_points_of_one_name_beside_each_other_have_one_label() -> None:
    assert marks((0, 0, "A", "original"), (5, 5, "B", "original"), (0, 9, "C", "original")) == [
        "A B C"
    ]


def test_points_of_one_name_that_are_apart_have_a_label_each() -> None:
    assert marks((0, 0, "A", "original"), (50, 0, "B", "original"), (52, 0, "C", "original")) == [
        "A",
        "B C",
    ]


def test_other_names_and_points_of_the_same_record_have_a_label_each() -> None:
    same = (0.0, 0.0)
    assert marks((*same, "A", "one"), (*same, "A", "one"), (*same, "B", "other")) == ["A", "A", "B"]
