"""ONNX Runtime's providers and threads: what is asked for runs, or an error says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from kenning_lego.core.errors import ConfigurationError, ModelError
from kenning_lego.runtimes.base import allocate
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.onnx_providers import (
    Placement,
    affinity_text,
    require_available,
    require_placed,
    require_running,
    settings_of,
)
from kenning_lego.runtimes.options import PROVIDERS, OnnxRuntimeOptions


def relu() -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
    )
    opset = [helper.make_opsetid("", 17)]
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=8)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"cpu"}))
def test_provider_that_the_build_lacks_is_an_error_with_its_source(provider: str) -> None:
    with pytest.raises(ConfigurationError, match=f"without the provider {provider}; it has cpu"):
        require_available(provider, ["AzureExecutionProvider", PROVIDERS["cpu"]], "1.31.1")


def test_provider_that_the_engine_dropped_is_an_error() -> None:
    options = OnnxRuntimeOptions(provider="cuda")
    with pytest.raises(ConfigurationError, match="would have used the CPU"):
        require_running(options, [PROVIDERS["cpu"]])
    require_running(options, [PROVIDERS["cuda"], PROVIDERS["cpu"]])


def test_provider_that_runs_nothing_is_an_error() -> None:
    options = OnnxRuntimeOptions(provider="xnnpack")
    with pytest.raises(ModelError, match="runs 0 of the artifact's 7"):
        require_placed(options, Placement(7, 7))
    require_placed(options, Placement(7, 6))
    require_placed(options, None)


def test_provider_that_must_run_all_may_leave_nothing() -> None:
    options = OnnxRuntimeOptions(provider="xnnpack", allow_cpu=False)
    with pytest.raises(ModelError, match="runs 6 of the artifact's 7"):
        require_placed(options, Placement(7, 1))
    require_placed(options, Placement(7, 0))


def test_threads_reach_providers_that_have_their_own() -> None:
    assert settings_of("xnnpack", 3) == {"intra_op_num_threads": "3"}
    assert settings_of("openvino", 2)["num_of_threads"] == "2"
    assert settings_of("cuda", 2) == settings_of("cpu", 2) == {}


def test_processors_are_counted_from_one_by_the_engine() -> None:
    assert affinity_text((0, 5), 3) == "1;6"
    with pytest.raises(ConfigurationError, match="give 1"):
        affinity_text((0, 5), 2)


@pytest.mark.parametrize(
    ("threads", "options"),
    [
        (1, OnnxRuntimeOptions()),
        (1, OnnxRuntimeOptions(arena=False)),
        (2, OnnxRuntimeOptions(affinity=(0,))),
    ],
)
def test_every_choice_computes_the_same(threads: int, options: OnnxRuntimeOptions) -> None:
    runtime = make_runtime("onnxruntime", threads, options)
    program = runtime.load(relu(), 2)
    arrays = allocate(program.spec)
    arrays["x"][...] = [[-1, 2, -3, 4]] * 2
    program.bind(arrays)()
    assert arrays["y"].tolist() == [[0, 2, 0, 4]] * 2
    assert runtime.used()["threads"] == threads


@pytest.mark.parametrize(
    "provider",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                own not in ort.get_available_providers(), reason=f"this build has no {own}"
            ),
        )
        for name, own in PROVIDERS.items()
    ],
)
def test_every_provider_of_this_build_runs_what_it_is_given(provider: str) -> None:
    runtime = make_runtime("onnxruntime", 1, OnnxRuntimeOptions(provider=provider))
    program = runtime.load(relu(), 2)
    arrays = allocate(program.spec)
    arrays["x"][...] = [[-1, 2, -3, 4]] * 2
    program.bind(arrays)()
    assert arrays["y"].tolist() == [[0, 2, 0, 4]] * 2
    assert runtime.used()["provider"] == PROVIDERS[provider]
    assert runtime.used().get("fallback_nodes", 0) == 0


class _Session:
    """Stands in for a session of a build with TensorRT; writes an engine as that does."""

    made: ClassVar[list[dict[str, str]]] = []

    def __init__(self, artifact: bytes, options: object, providers: list[Any]) -> None:
        ((self._name, settings),) = providers
        self.made.append(settings)
        directory = settings.get("trt_engine_cache_path")
        if directory:
            prefix = settings["trt_engine_cache_prefix"]
            Path(directory, f"{prefix}_0_sm87.engine").touch()
        self._real = _REAL(artifact, options, providers=["CPUExecutionProvider"])

    def get_providers(self) -> list[str]:
        return [self._name, "CPUExecutionProvider"]

    def get_provider_graph_assignment_info(self) -> list[Any]:
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


_REAL = ort.InferenceSession


def test_engines_of_tensorrt_are_built_once_and_their_time_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    available = [PROVIDERS["tensorrt"], PROVIDERS["cpu"]]
    monkeypatch.setattr(ort, "get_available_providers", lambda: available)
    monkeypatch.setattr(ort, "InferenceSession", _Session)
    monkeypatch.setattr(_Session, "made", [])
    told = []
    for _ in range(2):
        options = OnnxRuntimeOptions(provider="tensorrt", fp16=True)
        runtime = make_runtime("onnxruntime", 1, options, Offers(engine_cache=tmp_path))
        program = runtime.load(relu(), 1)
        arrays = allocate(program.spec)
        arrays["x"][...] = np.array([[-1, 2, -3, 4]])
        program.bind(arrays)()
        assert arrays["y"].tolist() == [[0, 2, 0, 4]]
        told.append(runtime.used())
    assert [each["engines_from_cache"] for each in told] == [0, 1]
    assert all(float(each["engine_build_s"]) >= 0 for each in told)
    assert told[0]["provider"] == "TensorrtExecutionProvider"
    assert [each["trt_fp16_enable"] for each in _Session.made] == ["1", "1"]
