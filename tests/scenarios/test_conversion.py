"""The verb ``convert``: every way out of torch is a cell, whatever happens there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.models.lookup import NETWORKS, input_shape, load_model
from kenning_lego.scenarios import render_report
from kenning_lego.scenarios.converting import routes as routes_module
from kenning_lego.scenarios.converting import run as running
from kenning_lego.scenarios.converting.configuration import ConvertConfig
from kenning_lego.scenarios.converting.processes import Outcome
from kenning_lego.scenarios.converting.run import networks_of
from kenning_lego.scenarios.onnx_conversion import main

HERE = "tests.scenarios.odd_networks"
ROUTES = ("torchscript", "torchscript-onnxruntime")
Printed = pytest.CaptureFixture[str]


def convert(directory: Path, *networks: str, limit: str = "120", shape: str = "5") -> int:
    models = [f"{HERE}:{each}" for each in networks]
    workspace = ["--workspace", str(directory / "w"), "--time-limit-s", limit]
    return run(main, [*models, *workspace, "--shape", "2", shape, shape, "--routes", *ROUTES])


def record(directory: Path) -> ConversionRecord:
    newest = max((directory / "w").glob("runs/*/conversion.json"))
    return open_as(ConversionRecord, newest)


def test_networks_that_convert_and_that_do_not_are_all_cells(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert convert(tmp_path, "plain", "broken", "killed", "drifting") == 0
    found = record(tmp_path)
    states = {
        each.network.partition(":")[2]: [
            cell.state for cell in found.cells if cell.network == each.network
        ]
        for each in found.cells
    }
    assert states == {
        "plain": ["converted", "converted"],
        "broken": ["failed", "skipped"],
        "killed": ["crashed", "skipped"],
        "drifting": ["converted", "differs"],
    }
    broken = found.cell(f"{HERE}:broken", "torchscript")
    assert broken is not None
    assert broken.problem == "RuntimeError: no way"
    assert "with more in a second line" in broken.error
    assert "Traceback" in broken.error
    killed = found.cell(f"{HERE}:killed", "torchscript")
    assert killed is not None
    assert killed.problem == "ended by SIGABRT"
    plain = found.cell(f"{HERE}:plain", "torchscript-onnxruntime")
    assert plain is not None
    assert plain.max_abs is not None
    assert plain.max_abs < 1e-5
    assert "RuntimeError: no way" in capsys.readouterr().out
    pages = {
        suffix: next((tmp_path / "w").glob(f"runs/*/conversion.{suffix}")).read_text()
        for suffix in ("html", "md", "rst")
    }
    assert all("with more in a second line" in page for page in pages.values())

    def never(*_: object) -> Outcome:
        raise AssertionError("what is known is not done again")

    monkeypatch.setattr(running, "run_job", never)
    assert convert(tmp_path, "plain", "broken", "killed", "drifting") == 0
    assert record(tmp_path).cells == found.cells
    newest = max((tmp_path / "w").glob("runs/*/conversion.json"))
    assert run(render_report.main, [str(newest), "--output", str(tmp_path / "again")]) == 0
    assert (tmp_path / "again" / "conversion.md").is_file()


def test_example_runs_as_it_is_printed(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "convert.yaml"
    assert run(main, [str(example), "--workspace", str(tmp_path / "w")]) == 0
    cells = record(tmp_path).cells
    states = {cell.route: cell.state for cell in cells}
    assert list(states) == ["dynamo", "dynamo-onnxruntime", "dynamo-openvino", "tflite"]
    assert states["dynamo"] == states["dynamo-onnxruntime"] == "converted"
    assert set(states.values()) <= {"converted", "not_installed"}


def test_network_that_never_ends_is_ended(tmp_path: Path) -> None:
    assert convert(tmp_path, "stuck", limit="0.5") == 0
    export, imported = record(tmp_path).cells
    assert (export.state, export.problem) == ("timed_out", "not done after 0.5 s")
    assert imported.state == "skipped"


def test_missing_package_is_a_cell_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = routes_module.ROUTES["tflite"]
    absent = routes_module.Route(route.title, "tflite", ("no-such-package",), "litert", "litert")
    monkeypatch.setattr(running, "ROUTES", {"tflite": absent})
    workspace = ["--workspace", str(tmp_path / "w"), "--routes", "tflite"]
    assert run(main, ["resnet20-cifar10", *workspace]) == 0
    (cell,) = record(tmp_path).cells
    assert cell.state == "not_installed"
    assert cell.problem == "no-such-package not installed: pip install 'kenning-lego[litert]'"
    assert cell.seconds is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["resnet21-cifar10"], "did you mean"),
        ([f"{HERE}:plain"], "give its --shape"),
        ([f"{HERE}:plane", "--shape", "1"], "did you mean 'plain'?"),
        (["--routes", "tensorflow"], "no such routes"),
        (["--routes", "dynamo-onnxruntime"], "imports what dynamo exports; name both"),
        (["unet", "vgg16-cifar10", "--checkpoint", "x"], "checkpoint and arguments are one"),
        (["unet", "--checkpoint", "none.pth"], "there is no checkpoint none.pth"),
    ],
)
def test_wrong_words_are_refused(
    tmp_path: Path, capsys: Printed, arguments: list[str], told: str
) -> None:
    assert run(main, [*arguments, "--workspace", str(tmp_path / "w")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


def test_all_networks_of_ours_are_meant_by_default(tmp_path: Path) -> None:
    assert networks_of(ConvertConfig(workspace=tmp_path)) == tuple(NETWORKS)


@pytest.mark.parametrize("name", ["resnet18-digits", "resnet20-cifar10", "unet"])
def test_shapes_of_inputs_are_those_that_networks_take(name: str) -> None:
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        assert load_model(name)(torch.zeros(1, *input_shape(name))).shape[0] == 1
