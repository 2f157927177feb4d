"""Facts read well, and a machine's most telling name is found."""

from __future__ import annotations

import pytest

from kenning_lego.core.run_headers import EnvironmentRecord
from kenning_lego.reports.document.parts import Fact
from kenning_lego.reports.document.tables import Table
from kenning_lego.reports.environment import board, engine, facts, machine
from kenning_lego.reports.formatting import NO_BREAK


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("memory_bytes", 8_323_403_776, Fact("memory", "8.32 GB")),
        ("frequency_khz_max", 2_400_000, Fact("frequency max", "2.40 GHz")),
        ("temperature_c_max", 63.87, Fact("temperature max", "63.9 °C")),
        ("load_1min", 0.08, Fact("load 1min", "0.08")),
        ("cores", 4, Fact("cores", "4")),
        ("governor", "performance", Fact("governor", "performance")),
        ("c", "gcc", Fact("c", "gcc")),
        ("cpu", "", Fact("cpu", None)),
        ("load_1min", float("nan"), Fact("load 1min", None)),
    ],
)
def test_units_move_from_the_key_to_the_value(key: str, value: str | float, expected: Fact) -> None:
    (fact,) = facts({key: value})
    assert Fact(fact.name, fact.value and fact.value.replace(NO_BREAK, " ")) == expected


def test_a_state_that_is_known_once_is_shown_once() -> None:
    environment = EnvironmentRecord(
        state_before={"governor": "powersave"}, state_after={"load_1min": 1.5}
    )
    (table,) = (
        part for part in machine(environment, "target", "Engines") if isinstance(part, Table)
    )
    assert [[cell.text for cell in row] for _, row in table.rows()] == [
        ["governor", "powersave", None],
        ["load 1min", None, "1.5"],
    ]


def test_a_machine_is_named_by_its_board_before_its_processor() -> None:
    known: dict[str, str | int | float] = {"machine": "aarch64", "cpu": "Cortex-A76"}
    assert board(EnvironmentRecord()) is None
    assert board(EnvironmentRecord(facts=known)) == "Cortex-A76"
    assert board(EnvironmentRecord(facts={**known, "board": "Raspberry Pi 5"})) == "Raspberry Pi 5"


def test_the_engine_is_told_as_far_as_it_is_known() -> None:
    assert engine({}) is None
    assert engine({"engine": "tflite", "threads": 4}) == f"tflite, 4{NO_BREAK}threads"


def test_engine_tells_what_was_left_to_the_cpu_what_was_built_and_further_engines() -> None:
    used: dict[str, str | int | float] = {
        "engine": "onnxruntime",
        "provider": "TensorrtExecutionProvider",
        "nodes": 20,
        "fallback_nodes": 3,
        "engine_build_s": 41.5,
        "engines_from_cache": 1,
        "engine (1)": "litert",
        "delegate (1)": "edgetpu",
    }
    assert engine(used) == (
        "onnxruntime, TensorrtExecutionProvider, 3 of 20 operators left to the CPU, "
        f"engines built in 41.5{NO_BREAK}s (1 from cache); litert, edgetpu"
    )
