"""Every compiler makes what it says, the same each time, close to the original."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from pydantic import TypeAdapter, ValidationError
from torch import nn

from kenning_lego.compilers.artifact import SPECIFICATION
from kenning_lego.compilers.base import NOTHING_QUANTISED, Compiler
from kenning_lego.compilers.configuration import CompilerConfig
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.compilers.litert_compiler import LiteRt
from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.opening import open_artifact
from kenning_lego.compilers.openvino_compiler import OpenVino
from kenning_lego.compilers.samples import samples_of
from kenning_lego.compilers.torch_export import TorchExport
from kenning_lego.core.errors import CompilationError, MissingDependencyError
from tests.compilers.sources import images, needs, onnx_file, source_of, tiny

HERE = [
    Onnx(),
    Onnx(optimise="basic"),
    Onnx(optimise="extended"),
    Onnx(precision="fp16"),
    Onnx(precision="int8"),
    Onnx(precision="int8_dynamic"),
    TorchExport(),
]
LITERT = [
    LiteRt(),
    LiteRt(precision="fp16"),
    LiteRt(precision="int8"),
    LiteRt(precision="int8", integer_borders=True),
    LiteRt(precision="int8_dynamic"),
]
OPENVINO = [OpenVino(), OpenVino(precision="fp16"), OpenVino(precision="int8")]
EVERY = [
    *HERE,
    *(pytest.param(each, marks=needs("litert_torch")) for each in LITERT),
    *(pytest.param(each, marks=needs("openvino", "nncf")) for each in OPENVINO),
]


def name_of(compiler: Compiler) -> str:
    changed = compiler.model_dump(exclude_defaults=True)
    return "-".join([compiler.format, *map(str, changed.values())])


@pytest.mark.parametrize("compiler", EVERY, ids=name_of)
def test_artifact_computes_what_the_original_does(compiler: Compiler) -> None:
    exported = isinstance(compiler, Onnx | OpenVino) and compiler != Onnx()
    source = source_of(
        None if exported else tiny(), onnx=onnx_file() if exported else None, classifier=True
    )
    made = compiler.compile(source)
    assert made.format == compiler.format
    assert made.warning == ""
    assert made.gap.samples == 12
    assert made.gap.cosine > 0.999
    assert made.gap.agreement is not None
    assert made.gap.agreement >= 0.9
    assert list(made.versions) == list(compiler.packages())
    # The segment's names are the artifact's: chains are wired by them.
    found = open_artifact(made.content, made.format)({"block.0": images(1, 3)})
    assert list(found) == ["scores.out"]
    assert found["scores.out"].shape == (1, 4)
    # Artifacts are found by their bytes.
    assert compiler.build(source).content == made.content


def test_int8_has_a_scale_for_each_channel_and_no_float_convolution() -> None:
    source = source_of(None, onnx=onnx_file())
    model = onnx.load_from_string(Onnx(precision="int8").build(source).content)
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    makers = {name: node for node in model.graph.node for name in node.output}
    heavy = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm")]
    assert len(heavy) == 3
    for node in heavy:
        weight = makers[node.input[1]]
        assert weight.op_type == makers[node.input[0]].op_type == "DequantizeLinear"
        assert constants[weight.input[0]].dtype == np.int8
        if node.op_type == "Conv":
            assert constants[weight.input[1]].shape == (8,)


def test_ranges_come_from_the_samples() -> None:
    """Noise of another scale than the data makes a worse artifact, which is found out."""
    compiler = Onnx(precision="int8")
    good = compiler.compile(source_of(None, onnx=onnx_file()))
    small = samples_of(images(12, 0) / 50)
    bad = compiler.compile(source_of(None, onnx=onnx_file(), calibration=small))
    assert bad.gap.rmse > 10 * good.gap.rmse
    assert "differs from the original" in bad.warning
    strict = Onnx(precision="int8", gap=GapConfig(beyond="error"))
    with pytest.raises(CompilationError, match=r"cosine .* < 0\.98"):
        strict.compile(source_of(None, onnx=onnx_file(), calibration=small))


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_outliers_can_be_left_out_of_the_range(method: str) -> None:
    data = images(12, 0)
    data[3, 0, 0, 0] = 1000.0
    source = source_of(None, onnx=onnx_file(), calibration=samples_of(data))
    config = Onnx.model_validate(
        {"precision": "int8", "calibration": {"method": method, "percentile": 99.0}}
    )
    assert config.compile(source).gap.rmse < Onnx(precision="int8").compile(source).gap.rmse


def test_extended_optimisation_is_onnx_runtimes_own_and_basic_is_not() -> None:
    source = source_of(None, onnx=onnx_file())
    domains = {
        level: {
            node.domain
            for node in onnx.load_from_string(
                Onnx.model_validate({"optimise": level}).build(source).content
            ).graph.node
        }
        for level in ("basic", "extended")
    }
    assert domains["basic"] == {""}
    assert "com.microsoft" in domains["extended"]


def test_half_precision_keeps_float_borders_unless_told() -> None:
    for borders, wanted in ((True, onnx.TensorProto.FLOAT), (False, onnx.TensorProto.FLOAT16)):
        made = Onnx(precision="fp16", float_borders=borders).compile(
            source_of(None, onnx=onnx_file())
        )
        graph = onnx.load_from_string(made.content).graph
        for value in (*graph.input, *graph.output):
            assert value.type.tensor_type.elem_type == wanted


def test_torch_archive_names_its_tensors_and_holds_no_example() -> None:
    content = TorchExport().build(source_of(tiny())).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(SPECIFICATION))
        found = json.loads(archive.read(name))
        weights = [each for each in archive.namelist() if "weights_config" in each]
        assert '"use_pickle": true' not in archive.read(weights[0]).decode()
    assert found == {
        "inputs": [{"name": "block.0", "shape": [1, 3, 8, 8], "dtype": "float32"}],
        "outputs": [{"name": "scores.out", "shape": [1, 4], "dtype": "float32"}],
    }


class Bessel(nn.Module):
    """Nobody converts that."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j1(x).mean((2, 3))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "compiler",
    [
        Onnx(),
        pytest.param(LiteRt(), marks=needs("litert_torch")),
        pytest.param(OpenVino(), marks=needs("openvino")),
    ],
    ids=name_of,
)
def test_operator_that_an_exporter_lacks_is_named(compiler: Compiler) -> None:
    with pytest.raises(CompilationError, match=r"\(block\.0\) -> scores\.out .*bessel_j1"):
        compiler.compile(source_of(Bessel().eval(), classes=3))


@pytest.mark.parametrize(
    ("content", "compiler", "problem"),
    [
        (b"no such file", Onnx(), "is not ONNX"),
        (b"", Onnx(precision="int8"), "is not ONNX"),
        (b"\x08\x07", TorchExport(), "torch cannot read"),
    ],
)
def test_files_that_cannot_be_read_are_refused(
    content: bytes, compiler: Compiler, problem: str
) -> None:
    with pytest.raises(CompilationError, match=problem):
        compiler.compile(source_of(None, onnx=content))


def test_weight_beyond_half_precision_is_refused() -> None:
    module = tiny()
    with torch.no_grad():
        module.conv1.weight[0, 0, 0, 0] = 1e5
    with pytest.raises(CompilationError, match="more than fp16 holds"):
        Onnx(precision="fp16").compile(source_of(module))


class Reshape(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1).cos()


def test_int8_of_what_cannot_be_quantised_says_that_it_stays_in_float() -> None:
    made = Onnx(precision="int8").compile(source_of(Reshape().eval(), classes=192))
    assert made.warning == NOTHING_QUANTISED


def test_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenVino, "packages", lambda self: ("no-such-package",))
    with pytest.raises(MissingDependencyError, match=r"no-such-package.*kenning-lego\[nncf\]"):
        OpenVino(precision="int8").compile(source_of(tiny()))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"type": "litert", "precision": "int8", "calibration": {"method": "entropy"}}, "minmax"),
        ({"type": "litert", "integer_borders": True}, "needs precision int8"),
        ({"type": "onnx", "precision": "int8", "optimise": "extended"}, "take basic"),
        ({"type": "openvino", "precision": "int8", "calibration": {"method": "entropy"}}, "minmax"),
        ({"type": "torch", "precision": "int8"}, "fp32"),
        ({"type": "tvm"}, r"unknown type 'tvm' \(known: litert, onnx, openvino, torch\)"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    given: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter(CompilerConfig).validate_python(given)


@needs("litert_torch")
def test_dense_layers_of_dynamic_tflite_have_one_scale() -> None:
    # tflite-runtime 2.14 reads the first of several, and computes nonsense without a word.
    from kenning_lego.compilers.litert_convert import read_model

    made = LiteRt(precision="int8_dynamic").compile(source_of(tiny(), classifier=True))
    model = read_model(made.content)
    (graph,) = model.subgraphs
    codes = [max(each.builtinCode, each.deprecatedBuiltinCode) for each in model.operatorCodes]
    dense = [each for each in graph.operators if codes[each.opcodeIndex] == 9]  # FULLY_CONNECTED
    weights = [graph.tensors[each.inputs[1]].quantization for each in dense]
    assert [len(each.scale) for each in weights] == [1]
