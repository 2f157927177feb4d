"""Networks in files of others, tested as they are."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import RunRecord
from kenning_lego.protocols.client import connect
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.scenarios import export, render_report
from kenning_lego.scenarios.inference_tester import main
from kenning_lego.store.workspace import Workspace
from tests.runtimes.tflite_files import product
from tests.scenarios.own_files import ACCURACY, network
from tests.targets import running_server

Printed = pytest.CaptureFixture[str]
BRIEF = ("--measurement.max-seconds", "0.3", "--measurement.max-rounds", "40")
IN_PROCESS = ("--target.address", "in-process")
IMAGES = ("--dataset.type", "custom", "--dataset.path", "tests.scenarios.own_files:images")
RANDOM = ("--dataset.type", "random")


def measured(directory: Path, file: Path, *arguments: str) -> int:
    flags = ["--workspace", str(directory / "w"), "--model.file", str(file), *BRIEF, *arguments]
    return run(main, flags)


def record(directory: Path) -> RunRecord:
    return open_as(RunRecord, Workspace(directory / "w").latest_record())


def refusal(printed: Printed, directory: Path, file: Path, *arguments: str) -> str:
    assert measured(directory, file, *IN_PROCESS, *arguments) == 2
    error = printed.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not list((directory / "w").glob("runs/*"))
    return error


@pytest.mark.target
def test_file_is_measured_and_scored_on_a_server(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "brightness.onnx")
    with running_server(tmp_path) as server:
        assert measured(tmp_path, file, "--target.address", server.address, *IMAGES) == 0
    found = record(tmp_path)
    assert found.network.name == "brightness"
    assert found.network.parameters == 12 * 4
    assert found.network.flops == 2 * 12 * 4
    assert found.network.test_score == ACCURACY
    assert found.segments == ()
    assert found.whole is not None
    (original,) = found.configurations
    assert original.measured is not None
    assert original.measured.score == ACCURACY
    assert original.measured.memory_bytes == file.stat().st_size
    assert original.classification is not None
    assert original.classification.accuracy == ACCURACY
    assert found.measurement("original") is not None
    assert found.scenario["target"]["runtime"] == "onnxruntime"
    assert "top1 75.00% of 24 samples of brightness" in capsys.readouterr().out


def test_memory_of_pieces_is_measured_if_asked_for(tmp_path: Path) -> None:
    file = network(tmp_path / "brightness.onnx")
    asked = ("--measurement.memory", "rss", "--memory", "rss", "--measurement.memory-repeats", "1")
    assert measured(tmp_path, file, *IN_PROCESS, *RANDOM, *asked, "--model.cut", "row") == 0
    found = record(tmp_path)
    figures = [each.variants[0].rss_bytes for each in found.segments]
    assert None not in figures
    (original,) = found.configurations
    assert original.measured is not None
    assert original.measured.memory_bytes == sum(each or 0 for each in figures)


def test_page_of_a_file_without_blocks_is_whole(tmp_path: Path) -> None:
    file = network(tmp_path / "brightness.onnx")
    assert measured(tmp_path, file, *IN_PROCESS, *IMAGES) == 0
    (path,) = (tmp_path / "w").glob("runs/*/record.json")
    page = path.with_name("report.html").read_text()
    assert "75.00" in page
    assert "brightness" in page
    assert run(render_report.main, [str(path)]) == 0
    assert path.with_name("report.html").read_text() == page


def test_there_is_nothing_to_choose_of_a_file(tmp_path: Path, capsys: Printed) -> None:
    assert measured(tmp_path, network(tmp_path / "n.onnx"), *IN_PROCESS, *RANDOM) == 0
    flags = ["--configuration", "original", "--output", str(tmp_path / "out.onnx")]
    assert run(export.main, [str(tmp_path / "w"), *flags]) == 2
    assert "n in " in (told := capsys.readouterr().err)
    assert "was measured whole: there are no blocks to choose of" in told


def test_random_data_give_latency_and_nothing_else(tmp_path: Path, capsys: Printed) -> None:
    assert measured(tmp_path, network(tmp_path / "n.onnx"), *IN_PROCESS, *RANDOM) == 0
    said = capsys.readouterr().out
    assert "random data: latency alone" in said
    assert "quality: none; random data have no right answers" in said
    found = record(tmp_path)
    assert found.network.test_score is None
    assert found.configurations[0].classification is None
    (path,) = (tmp_path / "w").glob("runs/*/report.html")
    assert "Latency alone: the data are random" in path.read_text()


@pytest.mark.target
def test_pieces_are_timed_and_compared_with_the_whole(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "brightness.onnx")
    cut = ("--model.cut", "row", "planes")
    with running_server(tmp_path) as server:
        assert measured(tmp_path, file, "--target.address", server.address, *IMAGES, *cut) == 0
    found = record(tmp_path)
    assert [each.name for each in found.segments] == ["piece-1", "piece-2", "piece-3"]
    assert [each.outputs[0].name for each in found.segments] == ["planes", "row", "scores"]
    assert all(each.variants[0].latency_ms for each in found.segments)
    assert sum(each.variants[0].flops for each in found.segments) == found.network.flops
    assert found.network.test_score == ACCURACY
    assert found.additivity is not None
    assert found.whole is not None
    assert found.whole.artifact.gap_max_abs == 0.0
    assert found.measurement("whole") is not None
    said = capsys.readouterr().out
    assert "compare the pieces in a row with the whole file" in said
    assert "the sum of the pieces is" in said


def test_output_of_several_must_be_named(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "n.onnx", second=True)
    assert "2 outputs: scores, row" in refusal(capsys, tmp_path, file, *IMAGES)
    told = refusal(capsys, tmp_path, file, *IMAGES, "--model.output", "score")
    assert "did you mean 'scores'?" in told
    assert measured(tmp_path, file, *IN_PROCESS, *IMAGES, "--model.output", "scores") == 0
    assert record(tmp_path).network.test_score == ACCURACY


def test_other_class_count_is_refused(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "n.onnx", second=True)
    told = refusal(capsys, tmp_path, file, *IMAGES, "--model.output", "row")
    assert "gives row: float32[1, 12], the dataset 'brightness' has 4 classes" in told


def test_other_images_are_refused(tmp_path: Path, capsys: Printed) -> None:
    told = refusal(capsys, tmp_path, network(tmp_path / "n.onnx"), "--dataset.type", "digits")
    assert "the dataset's images are 1x8x8" in told


def test_runtime_that_does_not_read_the_file_is_refused(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "n.onnx")
    told = refusal(capsys, tmp_path, file, *RANDOM, "--target.runtime", "litert")
    assert "choose --target.runtime onnxruntime or openvino" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which data?"),
        ((*RANDOM, "--blocks.count", "3"), "blocks has no part in the test of a file"),
        (
            (*RANDOM, "--compiler.type", "onnx", "--compiler.precision", "fp16"),
            "compiler has no part in the test of a file",
        ),
        ((*RANDOM, "--model.name", "resnet20-cifar10"), "name is not for it"),
        ((*RANDOM, "--model.cut", "plane"), "did you mean 'planes'?"),
        ((*RANDOM, "--model.cut", "image"), "'image' is an input or a constant"),
    ],
)
def test_what_does_not_go_with_a_file_is_refused(
    tmp_path: Path, capsys: Printed, arguments: tuple[str, ...], told: str
) -> None:
    assert told in refusal(capsys, tmp_path, network(tmp_path / "n.onnx"), *arguments)


@pytest.mark.parametrize("verb", ["train", "baseline", "optimize", "blocks make"])
def test_other_verbs_refuse_a_file(tmp_path: Path, capsys: Printed, verb: str) -> None:
    file = network(tmp_path / "n.onnx")
    flags = ["--workspace", str(tmp_path / "w"), "--model.file", str(file)]
    assert run(dispatch, [*verb.split(), *flags]) == 2
    assert "is a file, and" in capsys.readouterr().err


def test_input_without_a_file_is_refused(tmp_path: Path, capsys: Printed) -> None:
    flags = ["--workspace", str(tmp_path / "w"), "--model.cut", "a"]
    assert run(main, flags) == 2
    assert "cut is for a file; name it in file" in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, 1, 40, 150])
def test_half_an_onnx_file_is_refused(tmp_path: Path, capsys: Printed, size: int) -> None:
    file = network(tmp_path / "n.onnx")
    file.write_bytes(file.read_bytes()[:size])
    refusal(capsys, tmp_path, file, *RANDOM)


def test_half_a_tflite_file_is_refused(tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "n.tflite"
    file.write_bytes(product()[:100])
    assert "no whole TFLite file" in refusal(capsys, tmp_path, file, *RANDOM)


def test_tflite_file_is_not_cut(tmp_path: Path, capsys: Printed) -> None:
    file = tmp_path / "n.tflite"
    file.write_bytes(product())
    assert "is not cut" in refusal(capsys, tmp_path, file, *RANDOM, "--model.cut", "a")


def test_tflite_file_goes_to_its_engine(tmp_path: Path) -> None:
    if "litert" not in installed_engines():
        pytest.skip("needs litert")
    file = tmp_path / "n.tflite"
    file.write_bytes(product())
    assert measured(tmp_path, file, *IN_PROCESS, *RANDOM) == 0
    found = record(tmp_path)
    assert found.scenario["target"]["runtime"] == "litert"
    assert found.network.parameters is None


def test_weights_in_other_files_are_refused(tmp_path: Path, capsys: Printed) -> None:
    model = onnx.load(network(tmp_path / "n.onnx"))
    onnx.save(
        model, tmp_path / "n.onnx", save_as_external_data=True, location="w", size_threshold=0
    )
    told = refusal(capsys, tmp_path, tmp_path / "n.onnx", *RANDOM)
    assert "has its weights in other files" in told


def test_missing_file_is_refused(tmp_path: Path, capsys: Printed) -> None:
    assert "cannot read" in refusal(capsys, tmp_path, tmp_path / "none.onnx", *RANDOM)


@pytest.mark.target
def test_operator_that_the_engine_lacks_is_refused_and_the_server_stays(
    tmp_path: Path, capsys: Printed
) -> None:
    file = network(tmp_path / "n.onnx", operator="Flatten")
    model = onnx.load(file)
    model.graph.node[1].op_type, model.graph.node[1].domain = "Flatter", "elsewhere"
    model.opset_import.add(domain="elsewhere", version=1)
    file.write_bytes(model.SerializeToString())
    with running_server(tmp_path) as server:
        assert measured(tmp_path, file, "--target.address", server.address, *RANDOM) == 2
        told = capsys.readouterr().err
        assert "runtime 'onnxruntime' on the target does not take" in told
        assert "Flatter" in told
        with connect(server.address) as client:
            assert client.describe().engines
        assert server.process.poll() is None


def test_constants_that_are_listed_as_inputs_are_told(tmp_path: Path, capsys: Printed) -> None:
    file = network(tmp_path / "n.onnx")
    model = onnx.load(file)
    model.graph.input.append(
        onnx.helper.make_tensor_value_info("chosen", onnx.TensorProto.FLOAT, [12, 4])
    )
    file.write_bytes(model.SerializeToString())
    assert measured(tmp_path, file, *IN_PROCESS, *IMAGES) == 0
    assert "note: 1 constants of the file are listed as inputs too" in capsys.readouterr().out
    assert record(tmp_path).network.test_score == ACCURACY
