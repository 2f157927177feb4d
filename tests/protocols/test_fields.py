"""Every reader of a field has a type and bounds, and says which field is wrong."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.plans import Measurement, PlanLog, Statistics, TargetDescription
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.fields import MAX_ITEMS, MAX_TENSORS, MAX_TEXT, Fields, pack_io_spec
from kenning_lego.protocols.results import (
    Welcome,
    pack_composed,
    pack_statistics,
    read_composed,
    read_statistics,
)
from tests.protocols.envelopes import facts, io_specs
from tests.protocols.strategies import texts

DIGEST = "0123456789abcdef" * 4


def one(value: object) -> Fields:
    return Fields({"x": value}, "TEST")


@pytest.mark.parametrize("body", [None, [], "x", 1, b"", [["x", 1]]])
def test_body_that_is_no_map_is_refused(body: object) -> None:
    with pytest.raises(ProtocolError, match="TEST is not a map"):
        Fields(body, "TEST")


def test_text_is_bounded_in_characters() -> None:
    assert one("é" * 4).text("x", 4) == "é" * 4
    assert one("a" * MAX_TEXT).text("x") == "a" * MAX_TEXT
    for wrong in ("a" * (MAX_TEXT + 1), b"a", 1, None, ["a"]):
        with pytest.raises(ProtocolError, match="TEST: 'x' is not text of at most 4096"):
            one(wrong).text("x")


def test_integer_is_bounded_and_no_bool_or_float() -> None:
    assert [one(value).integer("x", -1, 3) for value in (-1, 0, 3)] == [-1, 0, 3]
    for wrong in (-2, 4, True, False, 1.0, "1", None, 2**64):
        with pytest.raises(ProtocolError, match="'x' is not an integer from -1 to 3"):
            one(wrong).integer("x", -1, 3)


def test_number_is_finite_and_bounded_and_no_bool() -> None:
    assert one(1).number("x", 0.0, 1.0) == 1.0
    assert type(one(1).number("x", 0.0, 1.0)) is float
    assert one(0.0).number("x", 0.0, 1.0) == 0.0
    for wrong in (-0.1, 1.1, math.nan, math.inf, -math.inf, True, "1", None, 2**64):
        with pytest.raises(ProtocolError, match=r"'x' is not a number from 0.0 to 1.0"):
            one(wrong).number("x", 0.0, 1.0)


def test_flag_is_true_or_false_and_no_number() -> None:
    assert one(True).flag("x") is True
    assert one(False).flag("x") is False
    for wrong in (0, 1, "true", None):
        with pytest.raises(ProtocolError, match="'x' is not true or false"):
            one(wrong).flag("x")


@pytest.mark.parametrize(
    "wrong",
    [
        *(DIGEST[:-1], DIGEST + "0", DIGEST.upper(), "g" * 64, "", DIGEST.encode(), 1, None),
        *("../" * 21 + "x", DIGEST + "\n", "/" + DIGEST[1:], "0" * 63 + "\N{FULLWIDTH DIGIT ONE}"),
    ],
)
def test_digest_is_64_hexadecimal_digits_and_nothing_else(wrong: object) -> None:
    assert one(DIGEST).digest("x") == DIGEST
    with pytest.raises(ProtocolError, match="'x' is not a sha256"):
        one(wrong).digest("x")
    with pytest.raises(ProtocolError, match="'x' is not a non-empty array of sha256"):
        one([DIGEST, wrong]).stages("x", 4)


def test_digests_are_one_to_so_many() -> None:
    assert one([DIGEST] * 3).stages("x", 3) == (DIGEST,) * 3
    for wrong in ([], [DIGEST] * 4, DIGEST, None):
        with pytest.raises(ProtocolError):
            one(wrong).stages("x", 3)


def test_arrays_are_bounded() -> None:
    assert one([1, "a"]).items("x", 2) == [1, "a"]
    refused: list[object] = [[1, 2, 3], (1,), {}, "ab", None]
    for wrong in refused:
        with pytest.raises(ProtocolError, match="'x' is not an array of at most 2 entries"):
            one(wrong).items("x", 2)
    with pytest.raises(ProtocolError):
        one([0] * (MAX_ITEMS + 1)).items("x")


def test_maps_in_an_array_are_named_by_their_index() -> None:
    first, second = one([{"a": 1}, {"a": 2}]).maps("x")
    assert (first.integer("a", 0, 9), second.integer("a", 0, 9)) == (1, 2)
    with pytest.raises(ProtocolError, match=r"TEST\.x\[1\] is not a map"):
        list(one([{}, 3]).maps("x"))
    with pytest.raises(ProtocolError, match=r"TEST\.x\[0\] lacks 'a'"):
        next(one([{}]).maps("x")).integer("a", 0, 1)


def test_inner_map_is_named_by_its_path() -> None:
    assert one({"a": True}).map("x").flag("a")
    with pytest.raises(ProtocolError, match=r"TEST\.x has unknown field 'b'"):
        one({"b": 1}).map("x").done()
    with pytest.raises(ProtocolError, match=r"TEST\.x is not a map"):
        one([]).map("x")


def test_field_is_there_once_and_nothing_may_be_left_over() -> None:
    fields = one(1)
    assert fields.has("x")
    fields.integer("x", 1, 1)
    assert not fields.has("x")
    fields.done()
    with pytest.raises(ProtocolError, match="TEST lacks 'x'"):
        fields.integer("x", 1, 1)
    with pytest.raises(ProtocolError, match="TEST has unknown field 'x'"):
        one(1).done()


def test_rest_is_taken_unchecked() -> None:
    fields = Fields({"x": 1, "y": [None]}, "TEST")
    fields.integer("x", 1, 1)
    assert fields.rest() == {"y": [None]}
    fields.done()


def test_fields_do_not_change_what_they_read() -> None:
    body = {"x": 1}
    Fields(body, "TEST").integer("x", 1, 1)
    assert body == {"x": 1}


def test_facts_are_text_or_finite_numbers() -> None:
    given_facts = {"a": "text", "b": -3, "c": 1.5, "": ""}
    assert one(given_facts).facts("x") == given_facts
    refused: list[object] = [
        *({"a": None}, {"a": True}, {"a": math.nan}, {"a": math.inf}, {"a": []}, {"a": {}}),
        *({b"a": 1}, {"a": b"1"}, {"a": "x" * (MAX_TEXT + 1)}, {"a" * (MAX_TEXT + 1): 1}),
        *([], None, "a"),
    ]
    for wrong in refused:
        with pytest.raises(ProtocolError):
            one(wrong).facts("x")
    with pytest.raises(ProtocolError, match="'x' is not a map"):
        one({str(index): 0 for index in range(MAX_ITEMS + 1)}).facts("x")


def test_texts_are_text_alone() -> None:
    assert one({"a": "b"}).texts("x") == {"a": "b"}
    with pytest.raises(ProtocolError, match="'x' is not a map of text to text"):
        one({"a": "b", "c": 1}).texts("x")


@given(io_specs)
def test_specification_is_the_same_after_the_wire(spec: IOSpec) -> None:
    assert one(pack_io_spec(spec)).io_spec("x") == spec
    assert read_composed(Fields(pack_composed_of(spec), "OK")).spec == spec


def pack_composed_of(spec: IOSpec) -> dict[str, Any]:
    from kenning_lego.core.plans import Composed

    return dict(pack_composed(Composed(spec)))


def tensor(**changes: object) -> dict[str, object]:
    return {"name": "t", "shape": [1, 2], "dtype": "float32", **changes}


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": [tensor()]},
        {"inputs": [tensor()], "outputs": [], "more": 1},
        {"inputs": [tensor(name="n" * 257)], "outputs": []},
        {"inputs": [tensor(name=None)], "outputs": []},
        {"inputs": [tensor(dtype="object")], "outputs": []},
        {"inputs": [tensor(dtype=["float32"])], "outputs": []},
        {"inputs": [tensor(shape="12")], "outputs": []},
        {"inputs": [tensor(shape=[0])], "outputs": []},
        {"inputs": [tensor(shape=[True])], "outputs": []},
        {"inputs": [tensor(shape=[[[]]])], "outputs": []},
        {"inputs": [tensor(shape=[1, "N"])], "outputs": []},
        {"inputs": [tensor(shape=[1] * 17)], "outputs": []},
        {"inputs": [tensor(extra=1)], "outputs": []},
        {"inputs": [{"name": "t"}], "outputs": []},
        {"inputs": {}, "outputs": []},
        {"inputs": [tensor()] * (MAX_TENSORS + 1), "outputs": []},
        [],
    ],
)
def test_specification_out_of_bounds_is_refused(wrong: object) -> None:
    with pytest.raises(ProtocolError):
        one(wrong).io_spec("x")


descriptions = st.builds(
    TargetDescription, facts, st.dictionaries(texts(10), texts(10), max_size=3), facts
)
columns = st.lists(st.integers(0, 2**62), max_size=5).map(tuple)
counts = st.integers(0, 2**31)
measurements = st.builds(
    Measurement, texts(256), columns, texts(64), counts, st.integers(1, 2**31), counts, counts
)
logs = st.builds(
    PlanLog,
    plan=counts,
    cohort=counts,
    stopped=texts(64),
    warmup_rounds=counts,
    warm=st.booleans(),
    cooled_s=st.floats(0, 1e9),
    reference_ns=columns,
    per_round=counts,
    round_ends_ns=columns,
)


@given(
    st.builds(
        Statistics,
        st.lists(measurements, max_size=3).map(tuple),
        facts,
        descriptions,
        descriptions,
        st.lists(logs, max_size=3).map(tuple),
    )
)
def test_statistics_are_the_same_after_the_wire(statistics: Statistics) -> None:
    result, payload = pack_statistics(statistics)
    assert read_statistics(Fields(dict(result), "OK"), payload) == statistics


def test_statistics_with_frames_that_do_not_fit_are_refused() -> None:
    description = TargetDescription()
    log = PlanLog(0, 0, "precise", 1, True, 0.0, (5,), 1, (7,))
    measured = (Measurement("a", (1, 2), "precise"),)
    statistics = Statistics(measured, {}, description, description, (log,))
    result, (samples, reference, ends) = pack_statistics(statistics)
    wrong = [
        (),
        (samples, reference),
        (samples, reference, ends, ends),
        (samples[:8], reference, ends),
        (samples, reference[:0], ends),
        (samples, reference, ends * 2),
        (samples[:-1], reference, ends),
    ]
    for payload in wrong:
        with pytest.raises(ProtocolError):
            read_statistics(Fields(dict(result), "OK"), payload)


@given(
    st.builds(
        Welcome,
        st.integers(1, 255),
        texts(64),
        st.lists(texts(64), max_size=4).map(tuple),
        descriptions,
    )
)
def test_welcome_is_the_same_after_the_wire(welcome: Welcome) -> None:
    assert Welcome.from_result(Fields(dict(welcome.to_result()), "OK")) == welcome
