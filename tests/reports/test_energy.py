"""Energy is told with its interval, its source, and the power that it is from."""

from __future__ import annotations

from kenning_lego.core.records import EnergyRecord, RunRecord
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.documents import document_of
from tests.reports.pages import Page, render
from tests.reports.records import resnet_record, with_telemetry
from tests.reports.test_distributions import marks, words


def energetic(low_mj: float = 10.5, *, with_spans: bool = True) -> RunRecord:
    record = with_telemetry(resnet_record())
    configurations = []
    for number, each in enumerate(record.configurations):
        if each.measured is None:
            configurations.append(each)
            continue
        measured = each.measured.model_copy(
            update={
                "energy_mj": 12.0 + number,
                "energy_low_mj": low_mj + number,
                "energy_high_mj": 13.5 + number,
                "energy_source": "power_mw.VDD_IN",
            }
        )
        found = EnergyRecord(
            idle_s=(8130.0 + 60 * number, 8140.0 + 60 * number),
            busy_s=(8145.0 + 60 * number, 8175.0 + 60 * number),
            idle_w=3.1,
            busy_w=5.6,
            inferences=4000,
            readings=30,
        )
        update = {"measured": measured, "energy": found if with_spans else None}
        configurations.append(each.model_copy(update=update))
    return record.model_copy(update={"configurations": tuple(configurations)})


def chart(record: RunRecord, name: str) -> Chart:
    return next(each for each in document_of(record).charts() if each.name == name)


def test_each_configuration_has_its_energy_with_its_interval() -> None:
    page = Page(render(energetic()))
    page.check()
    drawn = chart(energetic(), "energy").wide
    assert len(marks(drawn, "measured")) == len(marks(drawn, "interval")) == 3
    (table,) = (each for each in document_of(energetic()).tables() if each.name == "energy")
    row = dict(table.values(table.groups[0].rows[0]))
    assert row["energy_nj"] == 12.0e6
    assert row["idle_w"] == 3.1
    assert row["told_apart"] is True


def test_power_is_drawn_with_the_idle_level_and_when_configurations_ran() -> None:
    drawn = chart(energetic(), "power").wide
    assert len(marks(drawn, "band-of")) == 3
    said = words(drawn).replace("\N{NO-BREAK SPACE}", " ")
    assert "idle, 3.10 W" in said
    assert "4 000 inferences at 5.60 W" in said


def test_older_records_say_that_the_intervals_are_not_known() -> None:
    record = energetic(with_spans=False)
    assert "does not say when" in chart(record, "power").caption
    Page(render(record)).check()


def test_an_energy_that_reaches_zero_is_not_told_from_idle() -> None:
    (table,) = (each for each in document_of(energetic(-1.0)).tables() if each.name == "energy")
    assert next(row[-1].text for _, row in table.rows()) == "no"


def test_without_energy_there_is_no_section() -> None:
    assert "energy" not in Page(render(with_telemetry(resnet_record()))).ids
