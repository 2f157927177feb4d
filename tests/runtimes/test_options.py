"""What a host may choose about an engine, as it travels."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError, KenningLegoError, UnknownNameError
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.runtimes.offers import Delegate, Offers, parse_delegates
from kenning_lego.runtimes.options import (
    OPTIONS,
    PROVIDERS,
    LiteRtOptions,
    OnnxRuntimeOptions,
    OpenVinoOptions,
    RuntimeOptions,
    TorchOptions,
    options_from_json,
    options_to_json,
)

VALID: st.SearchStrategy[tuple[str, RuntimeOptions]] = st.one_of(
    st.builds(
        lambda *a: ("onnxruntime", OnnxRuntimeOptions(a[0], a[1], a[2], False, a[3], a[4])),
        st.booleans(),
        st.sampled_from(sorted(PROVIDERS)),
        st.booleans(),
        st.lists(st.integers(0, 255), max_size=8).map(tuple),
        st.booleans(),
    ),
    st.builds(lambda d, c: ("litert", LiteRtOptions(False, d, c)), st.text(), st.booleans()),
    st.builds(
        lambda p: ("openvino", OpenVinoOptions(precision=p)), st.sampled_from(["f32", "bf16"])
    ),
    st.builds(lambda d: ("torch", TorchOptions(device=d)), st.sampled_from(["cpu", "cuda"])),
)


@given(VALID)
def test_options_arrive_as_they_were_sent(sent: tuple[str, RuntimeOptions]) -> None:
    engine, options = sent
    assert options_from_json(engine, json.loads(json.dumps(options_to_json(options)))) == options


@pytest.mark.parametrize("engine", OPTIONS)
def test_what_is_not_given_has_its_default(engine: str) -> None:
    assert options_from_json(engine, {}) == OPTIONS[engine]()


@pytest.mark.parametrize(
    ("engine", "given_", "says"),
    [
        ("onnxruntime", {"povider": "cpu"}, "did you mean 'provider'"),
        ("onnxruntime", {"provider": "cudda"}, "did you mean 'cuda'"),
        ("onnxruntime", {"provider": 1}, "give a text"),
        ("onnxruntime", {"arena": 1}, "give true or false"),
        ("onnxruntime", {"affinity": "0,1"}, "give a list of integers"),
        ("onnxruntime", {"affinity": [True]}, "give a list of integers"),
        ("onnxruntime", {"affinity": [-1]}, "names no processors"),
        ("onnxruntime", {"fp16": True}, "of the provider tensorrt"),
        ("litert", {"delegate": None}, "give a text"),
        ("openvino", {"precision": "int8"}, "unknown precision"),
        ("torch", {"device": "cuda:0; rm"}, "unknown device"),
        ("tensorflow", {}, "unknown runtime"),
    ],
)
def test_what_makes_no_sense_is_refused(engine: str, given_: dict[str, Any], says: str) -> None:
    with pytest.raises((ConfigurationError, UnknownNameError), match=says):
        options_from_json(engine, given_)


@given(
    st.sampled_from(sorted(OPTIONS)),
    st.dictionaries(
        st.sampled_from(["provider", "affinity", "delegate", "device", "float_io", "x"]),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers() | st.text()),
    ),
)
def test_noise_raises_nothing_else(engine: str, noise: dict[str, Any]) -> None:
    with contextlib.suppress(KenningLegoError):
        assert isinstance(options_from_json(engine, noise), OPTIONS[engine])


def test_options_of_another_engine_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="give OnnxRuntimeOptions"):
        make_runtime("onnxruntime", 1, LiteRtOptions())


def test_offers_arrive_at_the_worker_as_the_server_named_them(tmp_path: Path) -> None:
    offers = Offers(parse_delegates(["edgetpu=libedgetpu.so.1,device=usb:0"]), tmp_path)
    assert Offers.from_json(offers.to_json()) == offers
    assert Offers.from_json(Offers().to_json()) == Offers()
    assert offers.delegate("edgetpu") == Delegate("libedgetpu.so.1", {"device": "usb:0"})


@pytest.mark.parametrize(
    "text",
    ["", "edgetpu", "edgetpu=", "Edge=lib.so", "../x=lib.so", "e=lib.so,key", "xnnpack=l.so"],
)
def test_what_names_no_delegate_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="delegate"):
        parse_delegates([text])


def test_two_delegates_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="taken"):
        parse_delegates(["a=1.so", "a=2.so"])


def test_delegate_that_is_not_offered_is_no_path() -> None:
    with pytest.raises(UnknownNameError, match="when the target's server is started"):
        Offers().delegate("/tmp/evil.so")
